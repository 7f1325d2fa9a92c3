import { Component, type ReactNode } from "react";

/** What is shown when a screen breaks: the queue is safe, and the app can be started again. */
export class Boundary extends Component<{ broken: ReactNode; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? this.props.broken : this.props.children;
  }
}
