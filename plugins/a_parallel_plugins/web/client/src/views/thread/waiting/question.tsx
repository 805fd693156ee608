import { MessageCircleQuestion } from "lucide-react";
import { useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Button } from "@/ui/button";
import { Input } from "@/ui/input";
import { useSend } from "../composer/send";
import { list, parseInput, str } from "../tools/input";
import { WaitingFrame } from "./frame";

interface Question {
  header: string;
  question: string;
  many: boolean;
  options: { label: string; description: string }[];
}

interface Answer {
  chosen: string[];
  other: string;
}

function questionsOf(input: string | null): Question[] {
  return list(parseInput(input), "questions").map((question) => ({
    header: str(question, "header"),
    question: str(question, "question"),
    many: question.multiSelect === true,
    options: list(question, "options").map((option) => ({ label: str(option, "label"), description: str(option, "description") })),
  }));
}

/** Writes the answers as the server reads them: a head for each question, an arrow for each choice, own words as they are. */
function answerText(questions: Question[], answers: Answer[]): string {
  return questions
    .map(({ header, question, options }, index) => {
      const { chosen, other } = answers[index] ?? { chosen: [], other: "" };
      const lines = options
        .filter(({ label }) => chosen.includes(label))
        .map(({ label, description }) => `→ ${label}${description ? ` — ${description}` : ""}`);
      if (other.trim()) lines.push(other.trim());
      return [`[${header}] ${question}`, ...lines].join("\n");
    })
    .join("\n\n");
}

export function QuestionCard({ input }: { input: string | null }) {
  const send = useSend();
  const questions = questionsOf(input);
  const [answers, setAnswers] = useState<Answer[]>(() => questions.map(() => ({ chosen: [], other: "" })));
  const [busy, setBusy] = useState(false);
  const complete = answers.every(({ chosen, other }) => chosen.length > 0 || other.trim() !== "");
  const change = (index: number, changes: Partial<Answer>) =>
    setAnswers(answers.map((answer, other) => (other === index ? { ...answer, ...changes } : answer)));
  const submit = async () => {
    setBusy(true);
    await send({ content: answerText(questions, answers) });
    setBusy(false);
  };
  return (
    <WaitingFrame
      title={text.threads.questionTitle}
      icon={<MessageCircleQuestion />}
      actions={
        <Button variant="primary" disabled={!complete} busy={busy} onClick={() => void submit()}>
          {text.threads.answer}
        </Button>
      }
    >
      <div className="grid gap-4">
        {questions.map((question, index) => (
          <Choices
            key={index}
            question={question}
            answer={answers[index] ?? { chosen: [], other: "" }}
            onChange={(changes) => change(index, changes)}
          />
        ))}
      </div>
    </WaitingFrame>
  );
}

function Choices({
  question,
  answer,
  onChange,
}: {
  question: Question;
  answer: Answer;
  onChange: (changes: Partial<Answer>) => void;
}) {
  const { many } = question;
  const toggle = (label: string) => {
    if (!many) onChange({ chosen: [label], other: "" });
    else if (answer.chosen.includes(label)) onChange({ chosen: answer.chosen.filter((one) => one !== label) });
    else onChange({ chosen: [...answer.chosen, label] });
  };
  return (
    <fieldset>
      <legend className="mb-2 text-[0.8125rem] font-medium">
        {question.question}
        {many ? <span className="ml-1.5 text-xs font-normal text-muted-foreground">{text.threads.questionMany}</span> : null}
      </legend>
      <div className="grid gap-1.5 sm:grid-cols-2">
        {question.options.map(({ label, description }) => {
          const chosen = answer.chosen.includes(label);
          return (
            <label
              key={label}
              className={cn(
                "flex cursor-pointer items-start gap-2 rounded-lg border border-border px-3 py-2 text-[0.8125rem] hover:bg-accent/50 has-focus-visible:outline-2 has-focus-visible:outline-ring",
                chosen && "border-primary bg-primary-soft",
              )}
            >
              <input
                type={many ? "checkbox" : "radio"}
                name={question.question}
                checked={chosen}
                onChange={() => toggle(label)}
                className="mt-1 accent-primary outline-none"
              />
              <span className="grid">
                <span className="font-medium">{label}</span>
                {description ? <span className="text-xs text-muted-foreground">{description}</span> : null}
              </span>
            </label>
          );
        })}
      </div>
      <Input
        className="mt-1.5"
        aria-label={text.threads.answerFree}
        placeholder={text.threads.answerFree}
        value={answer.other}
        onChange={(event) => onChange({ other: event.target.value, ...(many ? {} : { chosen: [] }) })}
      />
    </fieldset>
  );
}
