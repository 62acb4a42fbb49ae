/** A button that leads to another page of the portal. */
import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";

interface GoProps {
  href: string;
  children: ReactNode;
  variant?: ButtonProps.Variant;
}

export function Go({ href, children, variant = "normal" }: GoProps) {
  const navigate = useNavigate();
  return (
    <Button
      variant={variant}
      href={href}
      onFollow={(event) => {
        event.preventDefault();
        void navigate(href);
      }}
    >
      {children}
    </Button>
  );
}
