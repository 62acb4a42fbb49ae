/** A text from outside. It is text and nothing else, its direction stays its own, and however long it is the page stays whole. */
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import { createContext, useContext, useState } from "react";
import { cut, visible } from "../domain/outside";
import { texts } from "../texts";

/** Whether texts stand in a link, in which nothing else can be pressed: it leads to where the whole text is. */
export const InLink = createContext(false);

interface OutsideProps {
  text: string;
  /** Most characters that are shown at once. */
  most?: number;
  /** For digests, paths and commands. */
  code?: boolean;
}

export function Outside({ text, most, code }: OutsideProps) {
  const { shown, isCut } = cut(visible(text), most);
  const name = code ? "outside outside-code" : "outside";
  const isInLink = useContext(InLink);
  if (!isCut || isInLink) {
    return (
      <bdi className={name}>
        {shown}
        {isCut && "…"}
      </bdi>
    );
  }
  return <CutText text={text} shown={shown} name={name} />;
}

function CutText({ text, shown, name }: { text: string; shown: string; name: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <bdi className={name}>{shown}…</bdi>{" "}
      <Button variant="inline-link" onClick={() => setOpen(true)}>
        {texts.common.showAll}
      </Button>
      {isOpen && (
        <Modal visible header={texts.common.wholeText} size="large" onDismiss={() => setOpen(false)}>
          <bdi className={`${name} outside-whole`}>{visible(text)}</bdi>
        </Modal>
      )}
    </>
  );
}
