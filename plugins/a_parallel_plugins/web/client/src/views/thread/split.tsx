import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import { text } from "@/i18n";
import { store, stored } from "@/lib/storage";

const LEAST = 0.25;
const MOST = 0.75;
const STEP = 0.03;
const KEY = "panel.width";

/** Two parts side by side with a border that can be moved by pointer and by keyboard. */
export function Split({ main, side }: { main: ReactNode; side: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  const [share, setShare] = useState(() => stored(KEY, 0.5));
  const change = (next: number) => {
    const fitting = Math.min(MOST, Math.max(LEAST, next));
    setShare(fitting);
    store(KEY, fitting);
  };
  const dragged = (event: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (box && event.currentTarget.hasPointerCapture(event.pointerId)) change((box.right - event.clientX) / box.width);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") change(share + STEP);
    else if (event.key === "ArrowRight") change(share - STEP);
    else return;
    event.preventDefault();
  };
  return (
    <div ref={frame} className="flex min-h-0 flex-1">
      <div className="min-w-0 flex-1">{main}</div>
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label={text.threads.resizePanel}
        aria-valuemin={LEAST * 100}
        aria-valuemax={MOST * 100}
        aria-valuenow={Math.round(share * 100)}
        tabIndex={0}
        className="relative w-px shrink-0 cursor-col-resize touch-none bg-border after:absolute after:inset-y-0 after:-inset-x-1 hover:bg-ring focus-visible:bg-ring"
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={dragged}
        onKeyDown={pressed}
      />
      <aside className="min-w-0 overflow-hidden" style={{ width: `${share * 100}%` }}>
        {side}
      </aside>
    </div>
  );
}
