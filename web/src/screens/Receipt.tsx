import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { type Line, receiptLines, receiptOf, receiptText } from "../core/receipt";
import { useBack } from "../ui/back";
import { useLive } from "../ui/phone";
import { Badge, Button, Card, Notice, Qr, Screen } from "../ui/pieces";
import { type Key, useSpeech } from "../words/language";

/** What the customer gets: as wide and as long as its paper, printed or sent as a message. */
export function Receipt({ params }: { params: { key: string } }) {
  const { say, language } = useSpeech();
  const back = useBack();
  const [, go] = useLocation();
  const paper = useRef<HTMLElement>(null);
  const [told, setTold] = useState<Key | null>(null);
  const receipt = useLive((store) => receiptOf(store, params.key), [params.key]);
  const [justSaved] = useState(() => Boolean(history.state?.saved));
  if (receipt === undefined)
    return (
      <Screen title={say("receipt.title")} back={back}>
        <Card>{say("wait")}</Card>
      </Screen>
    );
  if (receipt === null)
    return (
      <Screen title={say("receipt.title")} back={back}>
        <Notice kind="waiting">{say("receipt.gone")}</Notice>
      </Screen>
    );
  const lines = receiptLines(receipt, say, language);

  async function share() {
    const text = receiptText(lines);
    setTold(null);
    try {
      if (navigator.share) await navigator.share({ title: `${say("receipt.title")} ${receipt?.number ?? ""}`, text });
      else {
        await navigator.clipboard.writeText(text);
        setTold("receipt.copied");
      }
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) setTold("receipt.noShare");
    }
  }

  const action = (
    <div className="grid grid-cols-[auto_auto_1fr] gap-2">
      <Button className="px-3!" onClick={() => void share()}>
        {say("receipt.share")}
      </Button>
      <Button className="px-3!" onClick={() => paper.current && print58(paper.current)}>
        {say("receipt.print")}
      </Button>
      <Button kind="main" className="px-2!" onClick={() => go("/customers")}>
        {say("receipt.next")}
      </Button>
    </div>
  );
  return (
    <Screen title={say("receipt.title")} back={back} action={action}>
      {justSaved && (
        <p role="status" className="-mt-2 text-center">
          <Badge kind="done">{say("receipt.saved")}</Badge>
        </p>
      )}
      {told && <Notice kind={told === "receipt.copied" ? "waiting" : "refused"}>{say(told)}</Notice>}
      <article ref={paper} className="receipt">
        {lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a receipt is one piece
          <Printed key={at} line={line} />
        ))}
      </article>
    </Screen>
  );
}

function Printed({ line }: { line: Line }) {
  if (line.kind === "rule") return <hr />;
  if (line.kind === "qr")
    return (
      <div className="receipt-qr">
        <Qr text={line.code} label={line.text} />
        <p>{line.text}</p>
      </div>
    );
  if (line.kind === "row" || line.kind === "sum")
    return (
      <p className={`receipt-row receipt-${line.kind}`}>
        <span>{line.text}</span>
        <span>{line.amount}</span>
      </p>
    );
  return <p className={`receipt-${line.kind}`}>{line.text}</p>;
}

const sheet = new CSSStyleSheet();

/** On paper as long as the receipt: one em of it is 3 mm there. */
function print58(paper: HTMLElement): void {
  const em = Number.parseFloat(getComputedStyle(paper).fontSize);
  const length = Math.ceil((paper.offsetHeight / em) * 3) + 2;
  sheet.replaceSync(`@page { size: 58mm ${length}mm; margin: 0 }`);
  document.adoptedStyleSheets = [sheet];
  print();
  document.adoptedStyleSheets = [];
}
