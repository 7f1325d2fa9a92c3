import { type Cents, money } from "../core/money";
import type { DocumentView } from "../core/view";
import { useWords } from "../words/language";
import { Badge } from "./pieces";

/** Where a sale and its document stand, in a word. `due`: what is still to be paid, where more is known than the document says. */
export function Standing({ document, due = document.total - document.paid }: { document: DocumentView; due?: Cents }) {
  const say = useWords();
  const { operation, transaction, invoice, total } = document;
  if (transaction?.status === "VOIDED") return <Badge kind="plain">{say("doc.voided")}</Badge>;
  if (!transaction) {
    if (operation?.state === "decided") return <Badge kind="plain">{say("doc.decided")}</Badge>;
    if (operation?.state === "quarantined" || operation?.state === "parked")
      return <Badge kind="refused">{say("doc.undecided")}</Badge>;
    if (operation?.state === "waiting") return <Badge kind="waiting">{say("doc.kept")}</Badge>;
    if (operation?.state === "blocked") return <Badge kind="waiting">{say("doc.blocked")}</Badge>;
  }
  if (transaction ? transaction.status === "PENDING" : !invoice && operation?.shown?.pending)
    return <Badge kind="waiting">{say("doc.approval")}</Badge>;
  if (due > 0) return <Badge kind="waiting">{say("doc.due", { amount: money(due) })}</Badge>;
  return <Badge kind="done">{say(total > 0 ? "doc.paid" : "doc.done")}</Badge>;
}
