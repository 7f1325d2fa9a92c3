import "./app.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Boundary } from "./ui/boundary";
import { listenForInstall } from "./ui/install";
import { Button, Notice } from "./ui/pieces";
import { keepApp } from "./ui/update";
import { useWords, Words } from "./words/language";

keepApp();
listenForInstall();

function Broken() {
  const say = useWords();
  return (
    <main className="mx-auto flex min-h-dvh max-w-xl flex-col justify-center gap-4 p-4">
      <Notice kind="refused">{say("error.unknown")}</Notice>
      <Button kind="main" onClick={() => location.assign("/app/")}>
        {say("error.restart")}
      </Button>
    </main>
  );
}

const place = document.getElementById("app");
if (place)
  createRoot(place).render(
    <StrictMode>
      <Words>
        <Boundary broken={<Broken />}>
          <App />
        </Boundary>
      </Words>
    </StrictMode>,
  );
