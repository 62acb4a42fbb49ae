/** A button that does one thing, and asks before where that cannot be taken back. */
import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ConfirmDialog } from "../ConfirmDialog";
import { notify } from "../notices";
import { sayOf } from "../Problem";

interface ActProps<T> {
  label: string;
  /** Does it. */
  run: () => Promise<T>;
  /** Asks before; absent where it does no harm. The question names the thing. */
  confirm?: { title: string; body: ReactNode; label?: string };
  /** Said when it is done. */
  done?: string | ((answer: T) => { type: "success" | "warning" | "error"; content: string });
  /** What is asked for anew: the beginnings of the keys of queries. */
  renews?: readonly (readonly unknown[])[];
  onDone?: (answer: T) => void;
  variant?: ButtonProps.Variant;
  iconName?: ButtonProps["iconName"];
  ariaLabel?: string;
  isDisabled?: boolean;
}

export function Act<T>(props: ActProps<T>) {
  const { label, run, confirm, done, renews = [], onDone, variant, iconName, ariaLabel, isDisabled } = props;
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: run,
    onSuccess: async (answer) => {
      setAsking(false);
      if (typeof done === "string") {
        notify({ type: "success", content: done });
      } else if (done !== undefined) {
        notify(done(answer));
      }
      onDone?.(answer);
      await Promise.all(renews.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
    onError: (error) => {
      if (confirm === undefined) {
        const said = sayOf(error);
        notify({
          type: "error",
          header: said.title,
          content: [said.detail, said.hint].filter((text) => text !== undefined).join(" "),
        });
      }
    },
  });
  return (
    <>
      <Button
        variant={variant ?? "normal"}
        formAction="none"
        disabled={isDisabled === true}
        loading={act.isPending && confirm === undefined}
        onClick={() => {
          if (confirm === undefined) {
            act.mutate();
          } else {
            act.reset();
            setAsking(true);
          }
        }}
        {...(iconName === undefined ? {} : { iconName })}
        {...(ariaLabel === undefined ? {} : { ariaLabel })}
      >
        {label}
      </Button>
      {isAsking && confirm !== undefined && (
        <ConfirmDialog
          title={confirm.title}
          confirm={confirm.label ?? label}
          isBusy={act.isPending}
          error={act.error}
          onConfirm={() => act.mutate()}
          onCancel={() => setAsking(false)}
        >
          {confirm.body}
        </ConfirmDialog>
      )}
    </>
  );
}
