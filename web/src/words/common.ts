import type { Said } from "./language";

export const common = {
  "app.name": { en: "HSH LPG", zh: "HSH 煤气" },
  "app.update": {
    en: "A new version of the app is ready. Taking it needs a moment; what you have recorded stays.",
    zh: "应用有新版本。更新只需片刻；您的记录会保留。",
  },
  "app.updateNow": { en: "Use it now", zh: "立即更新" },
  "app.tooOld": {
    en: "This version is too old to record with. Connect to a network and start the app again; what is recorded is sent.",
    zh: "此版本过旧，不能再记录。请连接网络并重新打开应用；已记录的内容会照常发送。",
  },
  "nav.label": { en: "Main", zh: "主导航" },
  "nav.today": { en: "Today", zh: "今日" },
  "nav.customers": { en: "Customers", zh: "客户" },
  "nav.outbox": { en: "Outbox", zh: "待发送" },
  "nav.settings": { en: "Settings", zh: "设置" },
  back: { en: "Back", zh: "返回" },
  close: { en: "Close", zh: "关闭" },
  moreOf: { en: "One more {name}", zh: "增加一个 {name}" },
  lessOf: { en: "One fewer {name}", zh: "减少一个 {name}" },
  wait: { en: "One moment …", zh: "请稍候……" },
  "condition.FULL": { en: "Full", zh: "满瓶" },
  "condition.EMPTY": { en: "Empty", zh: "空瓶" },
  "condition.DAMAGED": { en: "Damaged", zh: "损坏" },
  "method.CASH": { en: "Cash", zh: "现金" },
  "method.PAYNOW": { en: "PayNow", zh: "PayNow" },
  "method.CARD": { en: "Card", zh: "刷卡" },
  "method.BANK_TRANSFER": { en: "Bank transfer", zh: "银行转账" },
  "method.CHEQUE": { en: "Cheque", zh: "支票" },
  "error.full": {
    en: "Nothing was saved: the phone's storage is full. Delete photos or apps, then save again.",
    zh: "未保存：手机存储空间已满。请删除照片或应用，然后再保存一次。",
  },
  "error.disk": {
    en: "Nothing was saved: the phone's storage refuses. Close the app, open it again, and save again.",
    zh: "未保存：手机存储拒绝写入。请关闭应用后重新打开，再保存一次。",
  },
  "error.notReached": {
    en: "The server cannot be reached. Check the network and try again.",
    zh: "无法连接服务器。请检查网络后再试。",
  },
  "error.signIn": {
    en: "Your sign-in has ended. Sign in again under Today, and then do this once more.",
    zh: "登录已失效。请在「今日」重新登录，然后再试一次。",
  },
  "error.wait": {
    en: "The server asks to wait. Try again in {n} {n|second|seconds}.",
    zh: "服务器请您稍候。请在 {n} 秒后再试。",
  },
  "error.unknown": {
    en: "The app has stopped at a mistake of ours. What is recorded is safe. Start it again.",
    zh: "应用因我方错误而停止。已记录的内容是安全的。请重新打开。",
  },
  "error.restart": { en: "Start the app again", zh: "重新打开应用" },
} satisfies Record<string, Said>;
