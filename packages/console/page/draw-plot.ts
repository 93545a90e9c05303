import type { Plot } from '../src/model/plot.ts';
import { PLOT } from '../src/model/view.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** Draws a plot as SVG. `says` is the same in words. */
export function drawPlot(cell: HTMLElement, { lines, gaps }: Plot, says: string): void {
  const found = cell.querySelector('svg');
  const svg = found ?? cell.appendChild(document.createElementNS(SVG, 'svg'));
  if (found === null) {
    svg.setAttribute('class', 'plot');
    svg.setAttribute('role', 'img');
    svg.setAttribute('viewBox', `0 -1 ${PLOT.width} ${PLOT.height + 2}`);
    svg.setAttribute('preserveAspectRatio', 'none');
  }
  svg.setAttribute('aria-label', says);
  svg.replaceChildren(
    ...gaps.map(({ x, width }) => element('rect', { x, width, y: 0, height: PLOT.height })),
    ...lines.map((points) => element('polyline', { points })),
  );
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name) as SVGElement;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
  return made;
}
