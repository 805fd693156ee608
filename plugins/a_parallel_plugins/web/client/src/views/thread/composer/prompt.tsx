import { ImagePlus, X } from "lucide-react";
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, type ReactNode, type Ref, useId, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { IconButton } from "@/ui/button";
import type { ImageAttachment } from "../conversation/types";
import { readImages } from "./images";
import { MentionList, mentionAt, useMentions } from "./mentions";

const TALLEST = 320;

export interface PromptHandle {
  focus: () => void;
}

/** A text with images and mentions of files: what a message is written in. */
export function Prompt({
  ref,
  label,
  placeholder,
  value,
  onChange,
  images,
  onImages,
  onMention,
  directory,
  onSubmit,
  rows = 1,
  tools,
  autoFocus,
}: {
  ref?: Ref<PromptHandle>;
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  images: ImageAttachment[];
  onImages: (images: ImageAttachment[]) => void;
  /** A file was mentioned. */
  onMention: (file: string) => void;
  /** Where mentioned files lie; null for no mentions. */
  directory: string | null;
  onSubmit: () => void;
  rows?: number;
  /** Controls below the text. */
  tools: ReactNode;
  autoFocus?: boolean;
}) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [caret, setCaret] = useState(0);
  const [dropping, setDropping] = useState(false);
  const [dismissed, setDismissed] = useState<number | null>(null);
  const found = mentionAt(value, caret);
  const mention = found && found.start !== dismissed ? found : null;
  const mentions = useMentions(directory, mention?.query ?? null);
  useImperativeHandle(ref, () => ({ focus: () => area.current?.focus() }), []);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(TALLEST, element.scrollHeight)}px`;
  }, [value]);

  const add = async (files: Iterable<File>) => {
    const read = await readImages(files);
    if (read.length > 0) onImages([...images, ...read]);
  };
  const choose = (file: string) => {
    if (!mention) return;
    const end = mention.start + file.length + 2;
    onChange(`${value.slice(0, mention.start)}@${file} ${value.slice(caret)}`);
    onMention(file);
    setCaret(end);
    requestAnimationFrame(() => area.current?.setSelectionRange(end, end));
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (mentions.files && mention) {
      const count = mentions.files.length;
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      const file = mentions.files[mentions.active];
      if (step) mentions.setActive((mentions.active + step + count) % count);
      else if ((event.key === "Enter" || event.key === "Tab") && file) choose(file);
      else if (event.key === "Escape") setDismissed(mention.start);
      else return;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && (!touch || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onSubmit();
    }
  };
  const pasted = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length > 0) void add(event.clipboardData.files);
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setDropping(false);
    void add(event.dataTransfer.files);
  };

  return (
    <div
      className={cn(
        "relative rounded-xl border border-input bg-card shadow-sm focus-within:border-ring focus-within:ring-1 focus-within:ring-ring",
        dropping && "border-dashed border-primary",
      )}
      onDragOver={(event) => {
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={() => setDropping(false)}
      onDrop={dropped}
    >
      <MentionList id={id} mentions={mentions} onChoose={choose} />
      {images.length > 0 ? <Attached images={images} onImages={onImages} /> : null}
      <textarea
        ref={area}
        rows={rows}
        value={value}
        autoFocus={autoFocus}
        aria-label={label}
        placeholder={dropping ? text.threads.dropHere : placeholder}
        role="combobox"
        aria-expanded={mentions.files !== null}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={mentions.files ? `${id}-${mentions.active}` : undefined}
        className="block max-h-80 w-full resize-none bg-transparent px-3.5 pt-3 pb-1 text-base leading-relaxed outline-none md:text-sm"
        onChange={(event) => {
          onChange(event.target.value);
          setCaret(event.target.selectionStart);
          setDismissed(null);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={pressed}
        onPaste={pasted}
      />
      <div className="flex items-center gap-0.5 px-2 pb-2">
        <IconButton label={text.threads.attach} side="top" className="size-8 md:size-7" onClick={() => picker.current?.click()}>
          <ImagePlus />
        </IconButton>
        <input
          ref={picker}
          type="file"
          accept="image/png,image/jpeg,image/gif,image/webp"
          multiple
          hidden
          onChange={(event) => {
            void add(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        {tools}
      </div>
    </div>
  );
}

function Attached({ images, onImages }: { images: ImageAttachment[]; onImages: (images: ImageAttachment[]) => void }) {
  return (
    <ul aria-label={text.threads.attachments} className="flex flex-wrap gap-2 px-3 pt-3">
      {images.map(({ source }, index) => (
        <li key={index} className="relative">
          <img
            src={`data:${source.media_type};base64,${source.data}`}
            alt={text.threads.image(index + 1)}
            className="size-14 rounded-md border border-border object-cover"
          />
          <button
            type="button"
            aria-label={`${text.threads.remove} ${text.threads.image(index + 1)}`}
            onClick={() => onImages(images.filter((_, other) => other !== index))}
            className="absolute -top-1.5 -right-1.5 grid size-5 place-items-center rounded-full border border-border bg-popover shadow"
          >
            <X className="size-3" />
          </button>
        </li>
      ))}
    </ul>
  );
}
