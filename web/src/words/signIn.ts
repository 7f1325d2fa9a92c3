import type { Said } from "./language";

export const signIn = {
  "signIn.title": { en: "Sign in", zh: "登录" },
  "signIn.why": {
    en: "Once, with a network. After that the app works without one all day.",
    zh: "首次登录需要网络，之后全天可离线使用。",
  },
  "signIn.again": {
    en: "Your sign-in has ended. Sign in to send what waits; nothing is lost.",
    zh: "登录已失效。请重新登录以发送待发内容；不会有任何丢失。",
  },
  "signIn.wrong": {
    en: "The user name or the password is wrong. Check both and try again. If it is refused again, ask your supervisor.",
    zh: "用户名或密码不正确。请核对后再试。若仍被拒绝，请询问主管。",
  },
  "signIn.name": { en: "User name", zh: "用户名" },
  "signIn.password": { en: "Password", zh: "密码" },
  "signIn.go": { en: "Sign in", zh: "登录" },
  "signIn.going": { en: "Signing in …", zh: "正在登录……" },
} satisfies Record<string, Said>;
