import { useState } from "react";
import { rates } from "../core/money";
import type { SoldItem } from "../core/operations";
import type { Priced, PricedLine } from "../core/sale";
import { recounted } from "../core/selling";
import { Button, Card, Field, Money, Select, Sheet, Stepper } from "../ui/pieces";
import { useWords } from "../words/language";
import type { Selling } from "./Sale";

const KINDS = ["SERVICE", "DELIVERY", "FULL", "DAMAGED"] as const;
type Other = (typeof KINDS)[number];

/** What no size's steppers stand for: services, other goods, what comes back full or broken. */
export function AddLine({ selling, priced }: { selling: Selling; priced: Priced }) {
  const say = useWords();
  const [open, setOpen] = useState(false);
  const { form, change, order } = selling;
  const isCylinder = (id?: number) => order.find((one) => one.id === id)?.equipment_type === "CYLINDER";
  const others = form.items.filter(
    (item) =>
      item.quantity > 0 &&
      !(isCylinder(item.equipment) && (item.type === "DELIVERY" || (item.type === "EMPTY_RETURN" && !item.condition))),
  );
  const lineOf = (item: SoldItem): PricedLine | undefined => {
    const some = form.items.filter((one) => one.quantity > 0);
    return priced.lines[some.indexOf(item)];
  };
  return (
    <>
      {others.length > 0 && (
        <Card title={say("sale.also")}>
          <ul className="-mb-2">
            {others.map((item) => (
              <Also
                key={`${item.type}${item.equipment}${item.condition}${item.description}${item.rate}`}
                item={item}
                line={lineOf(item)}
                name={nameOf(item)}
                onRemove={() => change({ items: form.items.filter((one) => one !== item) })}
              />
            ))}
          </ul>
        </Card>
      )}
      <Button onClick={() => setOpen(true)}>+ {say("sale.add")}</Button>
      <Sheet open={open} title={say("sale.add")} onClose={() => setOpen(false)}>
        <Adding
          selling={selling}
          onAdd={(items) => {
            change({ items });
            setOpen(false);
          }}
        />
      </Sheet>
    </>
  );

  function nameOf(item: SoldItem): string {
    const name = item.description || (selling.list.equipment.get(item.equipment ?? 0)?.name ?? "");
    if (item.condition === "DAMAGED") return `${say("sale.kind.DAMAGED")}: ${name}`;
    return item.type === "FULL_RETURN" ? `${say("sale.kind.FULL")}: ${name}` : name;
  }
}

function Also({
  item,
  line,
  name,
  onRemove,
}: {
  item: SoldItem;
  line: PricedLine | undefined;
  name: string;
  onRemove: () => void;
}) {
  const say = useWords();
  const priced = line && item.type !== "EMPTY_RETURN";
  return (
    <li className="flex items-center gap-2 border-t border-line py-1">
      <span className="min-w-0 grow">
        {name}
        <span className="block text-sm text-grey tabular-nums">
          {item.quantity}
          {priced && line.rate !== null && ` × ${rates.shown(line.rate)}`}
          {priced && line.problem && <span className="text-red"> · {say("sale.notAgreed")}</span>}
        </span>
      </span>
      {priced && !line.problem && <Money value={line.amount} />}
      <Button kind="quiet" className="-mr-3" aria-label={say("sale.remove", { name })} onClick={onRemove}>
        <span aria-hidden="true">✕</span>
      </Button>
    </li>
  );
}

function Adding({ selling, onAdd }: { selling: Selling; onAdd: (items: SoldItem[]) => void }) {
  const say = useWords();
  const { form, order } = selling;
  const [kind, setKind] = useState<Other>("SERVICE");
  const things = order.filter(
    (one) => one.is_active !== false && (kind === "DELIVERY") === (one.equipment_type !== "CYLINDER"),
  );
  const [chosen, setChosen] = useState<number | null>(null);
  const [quantity, setQuantity] = useState(1);
  const [description, setDescription] = useState("");
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState(false);
  const rate = rates.typed(typed);
  const thing = things.find((one) => one.id === chosen) ?? things[0];
  const service = kind === "SERVICE";
  const ready = quantity > 0 && (service ? description.trim() !== "" && rate !== null : thing !== undefined);

  function add() {
    setAsked(true);
    if (!ready) return;
    if (service) return onAdd([...form.items, { type: "SERVICE", quantity, description: description.trim(), rate }]);
    const equipment = thing?.id ?? 0;
    const of = {
      DELIVERY: { type: "DELIVERY", equipment },
      FULL: { type: "FULL_RETURN", equipment },
      DAMAGED: { type: "EMPTY_RETURN", equipment, condition: "DAMAGED" },
    } as const;
    onAdd(recounted(form.items, of[kind as keyof typeof of], quantity));
  }

  return (
    <div className="flex flex-col gap-3">
      <Select label={say("sale.what")} value={kind} onChange={(event) => setKind(event.target.value as Other)}>
        {KINDS.map((one) => (
          <option key={one} value={one}>
            {say(`sale.kind.${one}`)}
          </option>
        ))}
      </Select>
      {service ? (
        <>
          <Field
            label={say("sale.service")}
            value={description}
            maxLength={200}
            onChange={(event) => setDescription(event.target.value)}
            problem={asked && !description.trim() ? say("sale.serviceWrong") : undefined}
          />
          <Field
            label={say("sale.rateField")}
            inputMode="decimal"
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            problem={(asked || typed.trim()) && rate === null ? say("sale.rateWrong") : undefined}
          />
        </>
      ) : (
        <Select label={say("sale.item")} value={thing?.id} onChange={(event) => setChosen(Number(event.target.value))}>
          {things.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Select>
      )}
      <div>
        <p className="mb-1 font-medium">{say("sale.quantity")}</p>
        <Stepper name={say("sale.quantity")} value={quantity} most={10_000} onChange={setQuantity} />
      </div>
      <Button kind="main" onClick={add}>
        {say("sale.addIt")}
      </Button>
    </div>
  );
}
