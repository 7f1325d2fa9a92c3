import { useEffect, useState } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import { onOtherPerson, type Phone, resume } from "./core/phone";
import { Close } from "./screens/Close";
import { Customer } from "./screens/Customer";
import { Customers } from "./screens/Customers";
import { Depot } from "./screens/Depot";
import { Documents } from "./screens/Documents";
import { Outbox } from "./screens/Outbox";
import { Payment } from "./screens/Payment";
import { Receipt } from "./screens/Receipt";
import { Sale } from "./screens/Sale";
import { Settings } from "./screens/Settings";
import { SignIn } from "./screens/SignIn";
import { Today } from "./screens/Today";
import { PhoneContext } from "./ui/phone";
import { fromTheTop } from "./ui/top";
import { useWords } from "./words/language";

export function App() {
  const [phone, setPhone] = useState<Phone | null>();
  useEffect(() => {
    resume().then(setPhone, () => setPhone(null));
    return onOtherPerson(() => location.reload());
  }, []);
  useEffect(fromTheTop, []);
  useEffect(() => {
    phone?.sender.start();
    return () => void phone?.close();
  }, [phone]);
  if (phone === undefined) return null;
  if (phone === null) return <SignIn onPhone={setPhone} />;
  return (
    <PhoneContext value={phone}>
      <Router base="/app">
        <Switch>
          <Route path="/" component={Today} />
          <Route path="/depot" component={Depot} />
          <Route path="/documents" component={Documents} />
          <Route path="/close" component={Close} />
          <Route path="/customers" component={Customers} />
          <Route path="/customers/:id" component={Customer} />
          <Route path="/customers/:id/sale/:step?" component={Sale} />
          <Route path="/customers/:id/pay" component={Payment} />
          <Route path="/receipt/:key" component={Receipt} />
          <Route path="/outbox" component={Outbox} />
          <Route path="/settings" component={Settings} />
          <Route>
            <Redirect to="/" replace />
          </Route>
        </Switch>
        <Bottom />
      </Router>
    </PhoneContext>
  );
}

const PLACES = [
  ["/", "nav.today", "M4 11 12 4l8 7v9h-5v-6H9v6H4z"],
  [
    "/customers",
    "nav.customers",
    "M5.5 8a3.5 3.5 0 1 0 7 0 3.5 3.5 0 0 0-7 0M2 20c0-4 3-6 7-6s7 2 7 6M16 4.700a3.5 3.5 0 0 1 0 6.600M18.5 14.500c2 .8 3.5 2.5 3.5 5.5",
  ],
  ["/outbox", "nav.outbox", "M4 13v6h16v-6M12 15V4m-4 4 4-4 4 4"],
  [
    "/settings",
    "nav.settings",
    "M4 7h9m5 0h2M4 17h2m5 0h9M13 7a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0M6 17a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0",
  ],
] as const;

function Bottom() {
  const say = useWords();
  const [here] = useLocation();
  return (
    <nav
      aria-label={say("nav.label")}
      className="fixed inset-x-0 bottom-0 z-10 border-t border-line bg-card pb-[env(safe-area-inset-bottom)]"
    >
      <ul className="mx-auto flex max-w-xl">
        {PLACES.map(([to, key, drawing]) => {
          const current = to === "/" ? here === to : here.startsWith(to);
          return (
            <li key={to} className="grow">
              <Link
                href={to}
                aria-current={current ? "page" : undefined}
                className={`flex h-16 flex-col items-center justify-center gap-0.5 text-sm ${current ? "font-semibold text-blue" : "text-grey"}`}
              >
                <svg
                  viewBox="0 0 24 24"
                  className="size-6"
                  fill="none"
                  stroke="currentColor"
                  strokeWidth="2"
                  strokeLinejoin="round"
                  strokeLinecap="round"
                  aria-hidden="true"
                >
                  <path d={drawing} />
                </svg>
                {say(key)}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
