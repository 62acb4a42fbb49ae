/**
 * The portal's texts. Every text that people read stands under `texts/LANGUAGE/AREA.ts`; a text with something in it is a
 * function, so that each language orders words and forms plurals as it does (`Intl.PluralRules`), and the compiler says what a
 * translation lacks. Texts are read when something is shown, never when a module is loaded, so that they can be exchanged.
 */
import { setFormatLanguage } from "../domain/format";
import { en } from "./en";

/** The texts of a language. */
export type Texts = typeof en;

/** The texts in use. */
export let texts: Texts = en;

/** Uses another language's texts, and its forms of numbers and moments. */
export function speak(tag: string, its: Texts): void {
  texts = its;
  setFormatLanguage(tag);
  document.documentElement.lang = tag;
}
