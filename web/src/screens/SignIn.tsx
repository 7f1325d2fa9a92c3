import { type FormEvent, useState } from "react";
import { type Phone, Refused, signIn } from "../core/phone";
import { failure } from "../ui/failure";
import { Button, Field, Notice } from "../ui/pieces";
import { useSpeech } from "../words/language";

/** `again`: somebody's sign-in has ended, and they go on recording while it is asked for. */
export function SignIn({ onPhone, again = "" }: { onPhone: (phone: Phone) => void; again?: string }) {
  const { say, language, speak } = useSpeech();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  async function go(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    setBusy(true);
    setProblem("");
    try {
      onPhone(await signIn(String(typed.get("username")).trim(), String(typed.get("password"))));
    } catch (error) {
      const wrong = error instanceof Refused && error.code === "not_authenticated";
      setProblem(wrong ? say("signIn.wrong") : failure(error, say));
      setBusy(false);
    }
  }

  return (
    <form
      onSubmit={go}
      className={again ? "flex flex-col gap-4" : "mx-auto flex min-h-dvh max-w-xl flex-col gap-4 p-4 pt-[12dvh]"}
    >
      {!again && (
        <header className="mb-2 flex flex-col items-center gap-3">
          <img src="/app/flame.svg" alt="" className="size-20" />
          <h1 className="text-2xl font-bold">{say("app.name")}</h1>
        </header>
      )}
      <p className="text-grey">{say(again ? "signIn.again" : "signIn.why")}</p>
      <Field
        label={say("signIn.name")}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        defaultValue={again}
      />
      <Field label={say("signIn.password")} name="password" type="password" autoComplete="current-password" required />
      {problem && <Notice kind="refused">{problem}</Notice>}
      <Button kind="main" type="submit" busy={busy}>
        {say(busy ? "signIn.going" : "signIn.go")}
      </Button>
      {!again && (
        <Button
          kind="quiet"
          onClick={() => speak(language === "en" ? "zh" : "en")}
          lang={language === "en" ? "zh-Hans" : "en"}
        >
          {language === "en" ? "中文" : "English"}
        </Button>
      )}
    </form>
  );
}
