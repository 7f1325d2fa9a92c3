import type { Said } from "./language";

export const settings = {
  "settings.title": { en: "Settings", zh: "设置" },
  "settings.language": { en: "Language", zh: "语言" },
  "settings.who": { en: "Signed in", zh: "当前登录" },
  "settings.whoIs": { en: "{name} · {depot}", zh: "{name} · {depot}" },
  "settings.phone": { en: "This phone", zh: "本机" },
  "settings.name": { en: "Its name at the office", zh: "公司看到的名称" },
  "settings.nameHint": { en: "Such as “Cab phone, SBA 1234 K”.", zh: "例如「SBA 1234 K 车载手机」。" },
  "settings.rename": { en: "Save name", zh: "保存名称" },
  "settings.renamed": { en: "Saved; the office sees it.", zh: "已保存，公司可以看到。" },
  "settings.noName": { en: "Type a name first.", zh: "请先输入名称。" },
  "settings.reference": { en: "References begin with", zh: "暂用编号开头" },
  "settings.version": { en: "Version", zh: "版本" },
  "settings.contact": { en: "Last contact", zh: "最近联系" },
  "settings.noContact": { en: "None yet", zh: "还没有" },
  "settings.storage": { en: "Storage", zh: "存储" },
  "settings.kept": {
    en: "The phone has promised to keep what is recorded.",
    zh: "手机已承诺保留您的记录。",
  },
  "settings.notKept": {
    en: "The phone may clear what is recorded when it runs out of room. Ask it to keep it; installing the app helps.",
    zh: "空间不足时手机可能清除记录。请要求保留；安装应用也有帮助。",
  },
  "settings.keep": { en: "Ask the phone to keep it", zh: "要求手机保留" },
  "settings.keepRefused": {
    en: "The phone did not promise it. Install the app, then ask again.",
    zh: "手机没有答应。请先安装应用，然后再试。",
  },
  "settings.room": { en: "{used} MB used, {free} MB free", zh: "已用 {used} MB，可用 {free} MB" },
  "settings.export": { en: "Save the queue as a file", zh: "将记录存为文件" },
  "settings.exportWhy": {
    en: "Everything recorded on this phone, sent or not. For your supervisor, if something is stuck.",
    zh: "本机的全部记录，不论是否已发送。有问题时可交给主管。",
  },
  "settings.exported": { en: "The file is made.", zh: "文件已生成。" },
  "settings.queue": { en: "What is recorded", zh: "已有记录" },
  "settings.signOut": { en: "Sign out", zh: "退出登录" },
  "settings.signOutTitle": { en: "Sign out of this phone?", zh: "退出登录？" },
  "settings.signOutWhy": {
    en: "To sign in again you need a network.",
    zh: "再次登录需要网络。",
  },
  "settings.unsent": {
    en: "{n} {n|entry is|entries are} not sent yet. {n|It stays|They stay} on this phone, and {n|goes|go} only when you sign in here again.",
    zh: "还有 {n} 条未发送。会留在本机，只有您在此重新登录后才会发送。",
  },
  "settings.sendFirst": { en: "Send first", zh: "先发送" },
  "settings.sending": { en: "Sending …", zh: "正在发送……" },
  "settings.anyway": { en: "Sign out, leave {n} unsent", zh: "退出，留下 {n} 条未发送" },
  "install.title": { en: "Install the app", zh: "安装应用" },
  "install.why": {
    en: "Installed, it opens from the home screen, fills the screen, and the phone keeps its records.",
    zh: "安装后可从主屏幕打开，全屏显示，手机会保留记录。",
  },
  "install.iosWhy": {
    en: "On iPhone and iPad this matters: a page that is not installed loses what it keeps after 7 days without use.",
    zh: "在 iPhone 和 iPad 上这很重要：未安装的网页 7 天不用，保存的内容就会被清除。",
  },
  "install.iosHow": {
    en: "In Safari: tap Share, then “Add to Home Screen”. Open it from there and sign in once more. Send everything first.",
    zh: "在 Safari 中：点按「共享」，再点「添加到主屏幕」。从主屏幕打开并重新登录一次。请先发送全部记录。",
  },
  "install.how": {
    en: "In the browser's menu choose “Install app” or “Add to Home screen”.",
    zh: "在浏览器菜单中选择「安装应用」或「添加到主屏幕」。",
  },
  "install.go": { en: "Install", zh: "安装" },
  "install.later": { en: "Not now", zh: "以后再说" },
  "install.done": { en: "The app is installed.", zh: "应用已安装。" },
} satisfies Record<string, Said>;
