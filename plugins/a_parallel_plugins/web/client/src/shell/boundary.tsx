import { TriangleAlert } from "lucide-react";
import { Component, type ErrorInfo, type ReactNode } from "react";
import { messageOf } from "@/api/errors";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { EmptyState } from "@/ui/states";

interface Props {
  children: ReactNode;
  /** What is shown instead; a notice with a way to try again by default. */
  fallback?: (error: unknown, retry: () => void) => ReactNode;
}

/** Keeps an error of what is inside from taking the rest of the page with it. */
export class Boundary extends Component<Props, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  private readonly retry = () => this.setState({ error: null });

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return this.props.fallback?.(error, this.retry) ?? <ViewFailed error={error} onRetry={this.retry} />;
  }
}

export function ViewFailed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <EmptyState
      icon={TriangleAlert}
      title={text.common.viewFailed}
      action={
        <Button variant="outline" onClick={onRetry}>
          {text.common.retry}
        </Button>
      }
    >
      <p>{messageOf(error)}</p>
      <p className="mt-1">{text.common.viewFailedHelp}</p>
    </EmptyState>
  );
}
