/** Recording, as every screen does it: asked first whether this version may, and said in words when it was not kept. */
import { useState } from "react";
import type { NewOperation } from "../core/operations";
import { NotSaved, type Operation } from "../core/store";
import type { Key } from "../words/language";
import { usePhone } from "./phone";

export interface Recording {
  /** What was kept, on the disk by now; null: nothing was, and `problem` says why. */
  record: (operations: NewOperation[], keys?: string[]) => Promise<Operation[] | null>;
  busy: boolean;
  problem: Key | null;
}

export function useRecording(): Recording {
  const phone = usePhone();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Key | null>(null);
  const record: Recording["record"] = async (operations, keys) => {
    setBusy(true);
    setProblem(null);
    try {
      if (await phone.mayRecord()) return await phone.captureAll(operations, keys);
      setProblem("app.tooOld");
    } catch (error) {
      if (!(error instanceof NotSaved)) throw error;
      setProblem(error.full ? "error.full" : "error.disk");
    } finally {
      setBusy(false);
    }
    return null;
  };
  return { record, busy, problem };
}
