/** All that the app says. A screen's words are in a file of its own; a line here joins them. */
import { close } from "./close";
import { common } from "./common";
import { depot } from "./depot";
import { documentWords } from "./documents";
import { outbox } from "./outbox";
import { selling } from "./selling";
import { settings } from "./settings";
import { signIn } from "./signIn";
import { today } from "./today";

export const words = {
  ...common,
  ...signIn,
  ...today,
  ...selling,
  ...depot,
  ...documentWords,
  ...close,
  ...outbox,
  ...settings,
};
