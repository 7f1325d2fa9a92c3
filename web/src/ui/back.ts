import { useLocation } from "wouter";

/** To where one came from; to today, where one came from nowhere. */
export function useBack(): () => void {
  const [, go] = useLocation();
  return () => (history.length > 1 ? history.back() : go("/", { replace: true }));
}
