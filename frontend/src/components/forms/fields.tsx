/** Fields of forms: a label, what it is for, and a value. */
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import Textarea from "@cloudscape-design/components/textarea";
import type { ReactNode } from "react";
import { count } from "../../domain/format";
import { texts } from "../../texts";

interface FieldProps<T> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  /** What it is for. */
  hint?: ReactNode;
  error?: string | undefined;
  isOptional?: boolean;
  isDisabled?: boolean;
}

/** A label with the word that it may be left empty. */
function labelOf(label: string, isOptional: boolean | undefined): ReactNode {
  return isOptional ? (
    <span>
      {label} <i>– {texts.forms.optional}</i>
    </span>
  ) : (
    label
  );
}

interface TextFieldProps extends FieldProps<string> {
  type?: InputProps.Type;
  placeholder?: string;
  most?: number;
  /** For secrets: browsers neither fill them in nor keep them. */
  isSecret?: boolean;
}

export function TextField(props: TextFieldProps) {
  const { label, value, onChange, hint, error, isOptional, isDisabled, type, placeholder, most, isSecret } = props;
  return (
    <FormField label={labelOf(label, isOptional)} description={hint} errorText={error}>
      <Input
        value={value}
        type={isSecret ? "password" : (type ?? "text")}
        disabled={isDisabled === true}
        onChange={({ detail }) => onChange(most === undefined ? detail.value : detail.value.slice(0, most))}
        spellcheck={false}
        autoComplete={isSecret ? "new-password" : "off"}
        {...(placeholder === undefined ? {} : { placeholder })}
      />
    </FormField>
  );
}

interface NumberFieldProps extends FieldProps<string> {
  least: number;
  most: number;
}

/** Whether a text is a whole number within bounds. */
export function isWhole(text: string, least: number, most: number): boolean {
  const value = Number(text);
  return text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most;
}

/** A whole number within bounds; it is a text until it is sent. */
export function NumberField({ label, value, onChange, hint, isOptional, isDisabled, least, most }: NumberFieldProps) {
  const isGood = (isOptional === true && value.trim() === "") || isWhole(value, least, most);
  return (
    <FormField
      label={labelOf(label, isOptional)}
      description={hint}
      errorText={isGood ? undefined : texts.forms.numberBetween(count(least), count(most))}
    >
      <Input
        type="number"
        inputMode="numeric"
        value={value}
        disabled={isDisabled === true}
        onChange={({ detail }) => onChange(detail.value)}
      />
    </FormField>
  );
}

interface LinesFieldProps extends FieldProps<string> {
  rows?: number;
  placeholder?: string;
  /** One text of several lines. */
  isText?: boolean;
}

/** Several texts, one on each line. */
export function LinesField(props: LinesFieldProps) {
  const { label, value, onChange, hint, error, isOptional, rows, placeholder, isText } = props;
  return (
    <FormField
      label={labelOf(label, isOptional)}
      description={hint}
      constraintText={isText ? undefined : texts.forms.onePerLine}
      errorText={error}
    >
      <Textarea
        value={value}
        rows={rows ?? 3}
        onChange={({ detail }) => onChange(detail.value)}
        spellcheck={false}
        {...(placeholder === undefined ? {} : { placeholder })}
      />
    </FormField>
  );
}

/** The texts of such a field. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

interface ChoiceFieldProps<T extends string> extends FieldProps<T> {
  options: readonly { value: T; label: string; description?: string }[];
}

/** One of a few. */
export function ChoiceField<T extends string>(props: ChoiceFieldProps<T>) {
  const { label, value, onChange, hint, error, isOptional, isDisabled, options } = props;
  const selected = options.find((option) => option.value === value);
  return (
    <FormField label={labelOf(label, isOptional)} description={hint} errorText={error}>
      <Select
        selectedOption={selected === undefined ? null : { ...selected }}
        options={options.map((option) => ({ ...option }))}
        disabled={isDisabled === true}
        onChange={({ detail }) => {
          const found = options.find((option) => option.value === detail.selectedOption.value);
          if (found !== undefined) {
            onChange(found.value);
          }
        }}
      />
    </FormField>
  );
}

/** Yes or no. */
export function CheckField({ label, value, onChange, hint, isDisabled }: FieldProps<boolean>) {
  return (
    <Checkbox
      checked={value}
      disabled={isDisabled === true}
      description={hint}
      onChange={({ detail }) => onChange(detail.checked)}
    >
      {label}
    </Checkbox>
  );
}
