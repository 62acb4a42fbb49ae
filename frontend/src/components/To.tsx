/** A link within the portal: the page changes without being loaded anew, and everything that browsers do with links works. */
import Link, { type LinkProps } from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { InLink } from "./Outside";

interface ToProps {
  href: string;
  children: ReactNode;
  variant?: LinkProps.Variant;
  fontSize?: LinkProps.FontSize;
  ariaLabel?: string;
}

export function To({ href, children, variant = "secondary", fontSize, ariaLabel }: ToProps) {
  const navigate = useNavigate();
  return (
    <Link
      href={href}
      variant={variant}
      {...(fontSize === undefined ? {} : { fontSize })}
      {...(ariaLabel === undefined ? {} : { ariaLabel })}
      onFollow={(event) => {
        event.preventDefault();
        void navigate(href);
      }}
    >
      <InLink value={true}>{children}</InLink>
    </Link>
  );
}
