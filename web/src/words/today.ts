import type { Said } from "./language";

export const today = {
  "today.truck": { en: "Truck {plate}", zh: "货车 {plate}" },
  "today.noTruck": {
    en: "You have no truck. Ask your supervisor to give you one.",
    zh: "您没有货车。请主管为您指派。",
  },
  "today.emptyTruck": {
    en: "The truck is empty. Collect cylinders at a depot to begin.",
    zh: "货车是空的。请先到仓库领取气瓶。",
  },
  "today.loading": { en: "Fetching your truck and customers …", zh: "正在获取货车与客户资料……" },
  "today.never": {
    en: "Nothing has been fetched yet. Connect to a network once.",
    zh: "尚未获取任何资料。请先连接一次网络。",
  },
  "today.money": { en: "Money taken today", zh: "今日收款" },
  "today.noMoney": { en: "Nothing taken yet.", zh: "尚未收款。" },
  "today.together": { en: "Together", zh: "合计" },
  "today.sell": { en: "Serve a customer", zh: "服务客户" },
  "today.collect": { en: "Collect at the depot", zh: "到仓库领取" },
  "today.depot": { en: "Depot", zh: "仓库" },
  "today.documents": { en: "Documents", zh: "单据" },
  "today.close": { en: "Close day", zh: "日结" },
  "today.waits": { en: "{n} to confirm", zh: "{n} 张待确认" },
  "today.closed": { en: "Closed", zh: "已结" },
  "today.ways": { en: "What else", zh: "其他" },
  "today.item": { en: "Item", zh: "品名" },
  "sync.sent": { en: "Everything is sent", zh: "全部已发送" },
  "sync.waiting": { en: "{n} {n|entry|entries} to send", zh: "{n} 条待发送" },
  "sync.attention": { en: "{n} {n|needs|need} a look", zh: "{n} 条需要查看" },
  "sync.noted": { en: "{n} with a note", zh: "{n} 条有备注" },
  "sync.offline": {
    en: "No network. All is kept on this phone and goes by itself.",
    zh: "无网络。全部保存在本机，有网络后自动发送。",
  },
  "sync.silent": {
    en: "The server has not answered yet. All is kept on this phone and goes by itself.",
    zh: "服务器还没有回应。全部保存在本机，恢复后自动发送。",
  },
  "sync.silentSince": {
    en: "The server has not answered since {time}. All is kept on this phone and goes by itself.",
    zh: "服务器自 {time} 起没有回应。全部保存在本机，恢复后自动发送。",
  },
  "clock.wrong": {
    en: "This phone's clock is {much} {way}. Times are put right when sending. When all is sent, set the clock in the phone's settings.",
    zh: "本机时钟{way} {much}。发送时会校正时间。全部发送后，请在手机设置里调准时钟。",
  },
  "clock.ahead": { en: "ahead", zh: "快了" },
  "clock.behind": { en: "behind", zh: "慢了" },
  "clock.minutes": { en: "{n} {n|minute|minutes}", zh: "{n} 分钟" },
  "clock.hours": { en: "{n} hours", zh: "{n} 小时" },
  "clock.days": { en: "{n} days", zh: "{n} 天" },
  "sync.asOf": { en: "As of {time}", zh: "截至 {time}" },
  "sync.signIn": { en: "Sign in to send", zh: "登录后发送" },
  "sync.full": {
    en: "The phone's storage is full. Make room, so that answers can be kept.",
    zh: "手机存储已满。请腾出空间以保存回复。",
  },
  "sync.refused": { en: "The server does not take this: {detail}", zh: "服务器不接受：{detail}" },
} satisfies Record<string, Said>;
