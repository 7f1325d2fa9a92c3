/** The customers, found while one types: all in memory, since a disk is too slow for that. */
import type { Customer } from "../api/types";

interface Entry {
  customer: Customer;
  starts: string; // code and name, each word after a space
  all: string;
}

export class CustomerIndex {
  private readonly entries: Entry[];
  private readonly byId: Map<number, Customer>;

  constructor(customers: Customer[]) {
    const inUse = customers.filter((one) => one.is_active !== false);
    this.byId = new Map(customers.map((one) => [one.id, one]));
    this.entries = inUse
      .map((customer) => {
        const phone = (customer.phone ?? "").replace(/\D/g, "");
        const starts = ` ${plain(`${customer.customer_code} ${customer.name}`)}`;
        const rest = plain(`${customer.address ?? ""} ${customer.postal_code ?? ""}`);
        return { customer, starts, all: `${starts} ${rest} ${phone}` };
      })
      .sort((a, b) => (a.customer.name < b.customer.name ? -1 : 1));
  }

  get size(): number {
    return this.entries.length;
  }

  get(id: number): Customer | undefined {
    return this.byId.get(id);
  }

  /** Those in whose code, name, address or phone every word stands; where it begins a word of code or name, first. */
  search(text: string, limit = 50): Customer[] {
    const words = plain(text).split(" ").filter(Boolean);
    const [first, others]: [Customer[], Customer[]] = [[], []];
    for (const { customer, starts, all } of this.entries) {
      if (!words.every((word) => all.includes(word))) continue;
      (words.every((word) => starts.includes(` ${word}`)) ? first : others).push(customer);
      if (first.length >= limit) break;
    }
    return [...first, ...others].slice(0, limit);
  }
}

/** Small letters without accents, and signs as spaces. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
