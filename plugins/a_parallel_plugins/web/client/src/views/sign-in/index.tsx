import { useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { messageOf } from "@/api/errors";
import { signIn } from "@/api/session";
import { text } from "@/i18n";
import { router } from "@/router";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Checkbox } from "@/ui/switch";

export default function SignIn() {
  const { next } = useSearch({ from: "/sign-in" });
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      await signIn(String(form.get("username")), String(form.get("password")), form.get("remember") !== null);
      router.history.push(next ?? "/");
    } catch (reason) {
      setError(messageOf(reason));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="grid h-full place-items-center overflow-y-auto bg-sidebar p-6">
      <form onSubmit={submit} className="grid w-full max-w-80 gap-4">
        <div className="mb-2 grid justify-items-center gap-3 text-center">
          <img src="/favicon.svg" alt="" className="size-11" />
          <div>
            <h1 className="text-lg font-semibold tracking-tight">a-parallel</h1>
            <p className="text-[0.8125rem] text-muted-foreground">{text.setup.signInHelp}</p>
          </div>
        </div>
        <Field label={text.setup.username}>
          {(ids) => <Input {...ids} name="username" autoComplete="username" autoCapitalize="none" required autoFocus />}
        </Field>
        <Field label={text.setup.password} error={error}>
          {(ids) => <Input {...ids} name="password" type="password" autoComplete="current-password" required />}
        </Field>
        <label className="flex items-center gap-2 text-[0.8125rem]">
          <Checkbox name="remember" defaultChecked /> {text.setup.rememberMe}
        </label>
        <Button type="submit" variant="primary" size="lg" busy={busy}>
          {text.setup.signIn}
        </Button>
      </form>
    </main>
  );
}
