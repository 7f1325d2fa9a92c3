import { describe, expect, it } from "vitest";
import { CustomerIndex } from "../src/core/customers";
import { CUSTOMER } from "./phones";

describe("customers", () => {
  const made = Array.from({ length: 5000 }, (_, at) => ({
    ...CUSTOMER,
    id: at + 1,
    customer_code: `C-${String(at + 1).padStart(4, "0")}`,
    name: at === 4321 ? "Café Søren 金龙" : `Shop ${at + 1}`,
    phone: `+65 6${String(at).padStart(7, "0")}`,
    is_active: at !== 7,
  }));
  const index = new CustomerIndex(made);
  const found = (text: string) => index.search(text).map((one) => one.id);

  it("are found by name, code, address and phone, without accents", () => {
    expect([found("cafe"), found("金龙"), found("c-4322")[0], found("60004321")]).toEqual([
      [4322],
      [4322],
      4322,
      [4322],
    ]);
    expect(found("ang mo kio")).toHaveLength(50);
    expect(found("shop 12")[0]).toBe(12);
    expect(found("nobody")).toEqual([]);
  });

  it("leave out those no longer in use, but know them", () => {
    expect(found("c-0008")).not.toContain(8);
    expect(index.get(8)?.id).toBe(8);
  });
});
