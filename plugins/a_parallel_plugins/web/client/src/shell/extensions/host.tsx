import { useEffect, useEffectEvent, useRef, useState } from "react";
import { text } from "@/i18n";
import { Boundary } from "@/shell/boundary";
import { useDark } from "@/shell/theme";
import { Skeleton } from "@/ui/states";
import { contextOf, type ExtensionContext, loadModule, type Mounted } from "./context";
import type { Extension } from "./registry";

type Given = Pick<ExtensionContext, "thread" | "call">;

/** An element that a plugin's module fills. What goes wrong in it stays in it. */
export function ExtensionHost({ extension, given, className }: { extension: Extension; given: Given; className?: string }) {
  return (
    <Boundary key={`${extension.module} ${given.thread?.id ?? ""}`}>
      <Filled extension={extension} given={given} className={className} />
    </Boundary>
  );
}

function Filled({ extension, given, className }: { extension: Extension; given: Given; className?: string }) {
  const element = useRef<HTMLDivElement>(null);
  const mounted = useRef<Mounted>(undefined);
  const [state, setState] = useState<{ loading: boolean; error?: unknown }>({ loading: true });
  const dark = useDark();
  const context = useEffectEvent(() => contextOf(extension, given));

  useEffect(() => {
    let wanted = true;
    loadModule(extension).then(
      (module) => {
        if (!wanted || !element.current) return;
        try {
          if (!module.mount) throw new Error(`${extension.module} exports no function mount`);
          mounted.current = module.mount(element.current, context());
          setState({ loading: false });
        } catch (error) {
          setState({ loading: false, error });
        }
      },
      (error: unknown) => wanted && setState({ loading: false, error }),
    );
    const host = element.current;
    return () => {
      wanted = false;
      try {
        const { current } = mounted;
        if (typeof current === "function") current();
        else current?.unmount?.();
      } catch (error) {
        console.error(`plugin ${extension.plugin}`, error);
      }
      mounted.current = undefined;
      host?.replaceChildren();
    };
  }, [extension]);

  useEffect(() => {
    const { current } = mounted;
    if (typeof current === "object") current.update?.(context());
  }, [given, dark]);

  if (state.error !== undefined) throw state.error;
  return (
    <>
      {state.loading ? <Skeleton className="m-3 h-24" /> : null}
      <div ref={element} role="region" aria-label={extension.title} className={className} data-plugin={extension.plugin} />
    </>
  );
}

/** Says which plugin something is of. */
export function Origin({ extension }: { extension: Extension }) {
  return <p className="text-2xs text-muted-foreground">{text.shell.fromPlugin(extension.plugin)}</p>;
}
