/** A small tree, drawn by lines: what leads to what. */
import type { ReactNode } from "react";

/** A node with what is beneath it. */
export interface TreeNode {
  id: string;
  /** What kind of thing it is, in a word. */
  kind: string;
  content: ReactNode;
  children: readonly TreeNode[];
}

export function Tree({ root, label }: { root: TreeNode; label: string }) {
  return (
    <ul className="tree" aria-label={label}>
      <Node node={root} />
    </ul>
  );
}

function Node({ node }: { node: TreeNode }) {
  return (
    <li>
      <span className="tree-node">
        <span className="tree-kind">{node.kind}</span> {node.content}
      </span>
      {node.children.length > 0 && (
        <ul>
          {node.children.map((child) => (
            <Node key={child.id} node={child} />
          ))}
        </ul>
      )}
    </li>
  );
}
