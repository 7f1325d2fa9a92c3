import type { Said } from "./language";

export const documentWords = {
  "documents.title": { en: "Documents", zh: "单据" },
  "documents.earlier": { en: "The day before", zh: "前一天" },
  "documents.later": { en: "The day after", zh: "后一天" },
  "documents.today": { en: "Today", zh: "今天" },
  "documents.empty": {
    en: "No sale on this day. Each sale shows here, with its invoice once the office has numbered it.",
    zh: "当天没有销售。每笔销售会显示在这里，公司编号后附发票。",
  },
  "documents.elsewhere": { en: "A customer of another depot", zh: "其他仓库的客户" },
  "documents.day": { en: "{n} {n|sale|sales}", zh: "{n} 笔销售" },
  "doc.blocked": { en: "Waits at the office", zh: "在公司等待处理" },
  "documents.sale": { en: "Sale {number}", zh: "销售 {number}" },
  "documents.pdf": { en: "Open PDF", zh: "打开 PDF" },
  "documents.fetching": { en: "Fetching the PDF …", zh: "正在获取 PDF……" },
  "documents.pdfLater": {
    en: "The PDF is made at the office. It can be opened here once the sale is sent and numbered.",
    zh: "PDF 由公司生成。销售发送并编号后即可在此打开。",
  },
  "documents.email": { en: "Send by email", zh: "电邮发送" },
  "documents.to": { en: "To", zh: "收件人" },
  "documents.toHint": { en: "Left empty: the customer's own address.", zh: "留空则发到客户自己的邮箱。" },
  "documents.toNone": {
    en: "This customer has no address on file. Type one.",
    zh: "该客户没有邮箱记录，请输入。",
  },
  "documents.toWrong": {
    en: "This is no email address. It looks like name@shop.sg.",
    zh: "邮箱格式不对，例如 name@shop.sg。",
  },
  "documents.emailed": {
    en: "Kept. It is mailed as soon as the phone has a network.",
    zh: "已保存。手机一有网络就会发出电邮。",
  },
  "documents.receipt": { en: "Receipt", zh: "收据" },
} satisfies Record<string, Said>;
