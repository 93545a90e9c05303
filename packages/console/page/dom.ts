import type { Mark } from '../src/model/mark.ts';

/** An element of the page. @throws {Error} The page and its script do not belong together. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

/** Writes a text, as text and never as HTML. What has not changed is left alone: a person may be reading or selecting it. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function writeMark(element: HTMLElement, { shape, word, level }: Mark): void {
  const [first, second] = element.children;
  const shapes = first ?? element.appendChild(document.createElement('span'));
  const words = second ?? element.appendChild(document.createElement('span'));
  shapes.className = 'shape';
  shapes.setAttribute('aria-hidden', 'true');
  write(shapes, shape);
  write(words, word);
  element.className = word.length > 24 ? 'mark long' : 'mark';
  element.dataset['level'] = level;
}

/** Makes the children of `parent` one for each item, in their order. A child stays while its key does. */
export function sync<T>(
  parent: HTMLElement,
  items: readonly T[],
  key: (item: T) => string,
  make: () => HTMLElement,
  update: (element: HTMLElement, item: T) => void,
): void {
  const before = new Map(
    [...parent.children].map((child) => [(child as HTMLElement).dataset['key'], child as HTMLElement]),
  );
  items.forEach((item, at) => {
    const name = key(item);
    const child = before.get(name) ?? make();
    before.delete(name);
    child.dataset['key'] = name;
    update(child, item);
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
  // Also those whose key another child has: a process may be named twice.
  while (parent.children.length > items.length) parent.lastElementChild?.remove();
}

/** What is in a cell: a text, a mark, several marks with a name each, or what a function draws. */
export type Cell = string | Mark | readonly (readonly [name: string, mark: Mark])[] | ((cell: HTMLElement) => void);

/** A row of a table whose columns are named so. The first cell is the head of the row. */
export function makeRow(columns: readonly string[]): HTMLElement {
  const row = document.createElement('tr');
  columns.forEach((column, at) => {
    const cell = row.appendChild(document.createElement(at === 0 ? 'th' : 'td'));
    if (at === 0) cell.setAttribute('scope', 'row');
    cell.dataset['label'] = column;
    cell.appendChild(document.createElement('div'));
  });
  return row;
}

export function fillRow(row: HTMLElement, cells: readonly Cell[]): void {
  cells.forEach((given, at) => {
    const cell = row.children[at] as HTMLElement;
    const inner = cell.firstElementChild as HTMLElement;
    cell.toggleAttribute('data-empty', given === '' || (Array.isArray(given) && given.length === 0));
    if (typeof given === 'string') write(inner, given);
    else if (typeof given === 'function') given(inner);
    else if ('shape' in given) writeMark(inner, given);
    else {
      sync(
        inner,
        given,
        ([name]) => name,
        () => {
          const line = document.createElement('div');
          line.append(document.createElement('span'), document.createElement('span'));
          return line;
        },
        (line, [name, mark]) => {
          write(line.children[0] as Element, `${name}: `);
          writeMark(line.children[1] as HTMLElement, mark);
        },
      );
    }
  });
}
