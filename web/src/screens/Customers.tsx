import { useDeferredValue, useMemo, useState } from "react";
import { Link } from "wouter";
import type { Customer } from "../api/types";
import { useCustomers, useLive, useSender } from "../ui/phone";
import { Button, Card, Screen } from "../ui/pieces";
import { useWords } from "../words/language";

const SHOWN = 50;

/** All of one's customers, found while one types. */
export function Customers() {
  const say = useWords();
  const { busy, online } = useSender();
  const index = useCustomers();
  const pulled = useLive((store) => store.fact("pulled_at"));
  const [text, setText] = useState<string>(() => history.state?.search ?? "");
  const wanted = useDeferredValue(text);
  const found = useMemo(() => index?.search(wanted, SHOWN) ?? [], [index, wanted]);

  function search(typed: string) {
    setText(typed);
    history.replaceState({ ...history.state, search: typed }, ""); // for when one comes back
  }

  if (!index || pulled === undefined)
    return (
      <Screen title={say("customers.title")}>
        <Card>{say("wait")}</Card>
      </Screen>
    );
  if (!index.size)
    return (
      <Screen title={say("customers.title")}>
        <Card>{say(!pulled && (busy || online === null) ? "customers.fetching" : "customers.empty")}</Card>
      </Screen>
    );
  return (
    <Screen title={say("customers.title")} aside={<span className="text-grey tabular-nums">{index.size}</span>}>
      <search className="sticky top-0 z-10 -mx-4 flex gap-2 bg-ground px-4 py-2">
        <input
          type="search"
          value={text}
          onChange={(event) => search(event.target.value)}
          placeholder={say("customers.search")}
          aria-label={say("customers.search")}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          enterKeyHint="search"
          className="min-h-14 w-full appearance-none rounded-2xl border border-grey bg-card px-4 text-lg placeholder:text-grey [&::-webkit-search-cancel-button]:hidden"
        />
        {text && (
          <Button aria-label={say("customers.clear")} onClick={() => search("")}>
            <span aria-hidden="true">✕</span>
          </Button>
        )}
      </search>
      {found.length === 0 ? (
        <Card>{say("customers.none", { text: wanted })}</Card>
      ) : (
        <ul className="overflow-hidden rounded-2xl border border-line bg-card">
          {found.map((customer) => (
            <li key={customer.id} className="border-line not-first:border-t">
              <Found customer={customer} />
            </li>
          ))}
        </ul>
      )}
      <p role="status" className="text-center text-sm text-grey">
        {found.length >= SHOWN
          ? say("customers.more", { n: SHOWN, all: index.size })
          : say("customers.count", { n: found.length })}
      </p>
    </Screen>
  );
}

function Found({ customer }: { customer: Customer }) {
  const say = useWords();
  return (
    <Link href={`/customers/${customer.id}`} className="flex min-h-16 items-center gap-3 px-4 py-3 active:bg-ground">
      <span className="min-w-0 grow">
        <span className="block font-semibold">{customer.name}</span>
        <span className="block text-sm text-grey">
          {[customer.customer_code, customer.address].filter(Boolean).join(" · ")}
        </span>
      </span>
      {customer.is_meter_installed && (
        <span className="shrink-0 rounded-full border border-line px-2 py-0.5 text-sm text-grey">
          {say("sale.meter")}
        </span>
      )}
      <span aria-hidden="true" className="text-xl text-grey">
        ›
      </span>
    </Link>
  );
}
