/** The text of a PayNow QR code (SGQR, merchant-presented), and its picture: both made on the phone, without a network. */
import { encode } from "uqr";
import { type Cents, cents, type Day } from "./money";

const LONGEST = 25; // a merchant's name, a reference

export interface PayNow {
  uen: string;
  amount: Cents;
  reference: string;
  merchant: string;
  expires?: Day;
}

/** The payer can change neither the amount nor the reference; after `expires` it is refused. */
export function paynowCode({ uen, amount, reference, merchant, expires }: PayNow): string {
  const account: [string, string][] = [
    ["00", "SG.PAYNOW"],
    ["01", "2"],
    ["02", uen],
    ["03", "0"],
  ];
  if (expires) account.push(["04", expires.replaceAll("-", "")]);
  const code = fields([
    ["00", "01"],
    ["01", "12"],
    ["26", fields(account)],
    ["52", "0000"],
    ["53", "702"],
    ["54", cents.text(amount)],
    ["58", "SG"],
    ["59", ascii(merchant).slice(0, LONGEST).trim() || uen],
    ["60", "Singapore"],
    ["62", fields([["01", reference.slice(0, LONGEST)]])],
  ]);
  return sealed(`${code}6304`);
}

/** With its check: CRC16-CCITT-FALSE over everything before it. */
export function sealed(code: string): string {
  let check = 0xffff;
  for (const byte of new TextEncoder().encode(code)) {
    check ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) check = (check & 0x8000 ? (check << 1) ^ 0x1021 : check << 1) & 0xffff;
  }
  return `${code}${check.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The dark modules, row by row, with the quiet zone around them. */
export function qr(text: string): boolean[][] {
  return encode(text, { ecc: "M", border: 4 }).data;
}

function fields(named: [string, string][]): string {
  return named.map(([name, value]) => `${name}${String(value.length).padStart(2, "0")}${value}`).join("");
}

/** Without accents, and without what no bank can read. */
function ascii(name: string): string {
  const spaced = name.normalize("NFKD").replace(/[\t\n\v\f\r]/g, " ");
  return spaced
    .replace(/[^ -~]/g, "")
    .split(" ")
    .filter(Boolean)
    .join(" ");
}
