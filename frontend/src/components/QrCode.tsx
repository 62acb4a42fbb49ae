/** A QR code, drawn here: what it holds is a secret, which goes to nobody else. */
import { encode } from "uqr";

/** White modules around it that readers need. */
const BORDER = 3;

export function QrCode({ text, label }: { text: string; label: string }) {
  const { data } = encode(text, { border: BORDER });
  const size = data.length;
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" shapeRendering="crispEdges">
      <title>{label}</title>
      <path d={path} />
    </svg>
  );
}
