import { marked } from '../src/model/mark.ts';
import type { Model } from '../src/model/model.ts';
import { type View, viewOf } from '../src/model/view.ts';
import { byId, type Cell, fillRow, makeRow, sync, write, writeMark } from './dom.ts';
import { drawPlot } from './draw-plot.ts';

const LEVEL = { good: 'Good:', warning: 'Attention:', bad: 'Bad:', unknown: 'Not known:' } as const;
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** Writes the model into the page. */
export function render(model: Model): void {
  const { connection } = model;
  const isIn = connection.state !== 'signed-out';
  const view = viewOf(model);
  byId('sign-in').hidden = isIn;
  byId('sign-out').hidden = !isIn;
  byId('fleet').hidden = view === undefined;
  write(byId('sign-in-error'), connection.state === 'signed-out' ? (connection.why ?? '') : '');
  write(byId('connection'), connectionSays(model));
  document.body.classList.toggle('stale', connection.state === 'lost');
  if (view !== undefined) renderView(view);
  else document.title = 'Regions';
}

function connectionSays({ connection }: Model): string {
  if (connection.state === 'connecting') return 'Connecting…';
  if (connection.state !== 'lost') return '';
  return `No connection to the console since ${clock.format(connection.sinceMs)}. What is shown here is from before.`;
}

function renderView({ sentence, nodes, scale, verdicts, processes, events, drill }: View): void {
  byId('sentence').dataset['level'] = sentence.level;
  writeMark(byId('level'), marked(sentence.level, LEVEL[sentence.level]));
  write(byId('says'), sentence.text);
  write(byId('announcement'), sentence.announcement);
  document.title = sentence.announcement;
  write(byId('scale'), `(top: ${scale})`);
  table('nodes', nodes, ({ id }) => id, [
    ['Server', ({ id }) => id],
    ['Role', ({ state }) => state],
    ['Epoch', ({ epoch }) => epoch],
    ['Position', ({ position }) => position],
    ['Lag', ({ lag }) => lag],
    [
      'Last 2 minutes',
      ({ plot, plotSays }) =>
        (cell) =>
          drawPlot(cell, plot, plotSays),
    ],
    ['Note', ({ note }) => note],
  ]);
  table('verdicts', verdicts, ({ region }) => region, [
    ['Region', ({ region }) => region],
    ['Reads', ({ reads }) => reads],
    ['Writes', ({ writes }) => writes],
    ['Takes traffic', ({ accept }) => accept],
    ['Seen by', ({ seen }) => seen.map(({ by, says }) => [by, says] as const)],
  ]);
  table('processes', processes, ({ region, id }) => `${region}/${id}`, [
    ['Process', ({ name }) => name],
    ['Region', ({ region }) => region],
    ['State', ({ state }) => state],
    ['Primary', ({ knows }) => knows],
    ['Writes waiting', ({ waiting }) => waiting],
    ['Note', ({ notes }) => notes],
    ['Heard from', ({ heard }) => heard],
  ]);
  byId('no-events').hidden = events.length > 0;
  table('events', events, ({ key }) => String(key), [
    ['Time', ({ firstAtMs, lastAtMs }) => during(firstAtMs, lastAtMs)],
    ['Event', ({ name }) => name],
    ['What happened', ({ text }) => text],
    ['Times', ({ count }) => (count === 1 ? '' : `×${count}`)],
    ['Where', ({ where }) => where],
  ]);
  byId('drill').hidden = drill === undefined;
  if (drill !== undefined) renderDrill(drill);
}

function renderDrill({ title, summary, phases, counts }: NonNullable<View['drill']>): void {
  write(byId('drill-title'), `Drill, ${title}`);
  write(byId('drill-summary'), summary);
  write(byId('drill-counts'), counts);
  sync(
    byId('phases'),
    phases,
    ({ name }) => name,
    () => {
      const line = document.createElement('li');
      line.append(...['span', 'span', 'span', 'progress'].map((tag) => document.createElement(tag)));
      return line;
    },
    (line, { name, state, time, used }) => {
      const [title, mark, spent, bar] = [...line.children] as [Element, HTMLElement, Element, HTMLProgressElement];
      write(title, name);
      writeMark(mark, state);
      write(spent, time);
      bar.value = used;
      bar.setAttribute('aria-label', `${name}: ${time}`);
    },
  );
}

function table<T>(
  id: string,
  items: readonly T[],
  key: (item: T) => string,
  columns: readonly (readonly [name: string, cell: (item: T) => Cell])[],
): void {
  const names = columns.map(([name]) => name);
  sync(
    byId(id),
    items,
    key,
    () => makeRow(names),
    (row, item) =>
      fillRow(
        row,
        columns.map(([, cell]) => cell(item)),
      ),
  );
}

function during(fromMs: number, toMs: number): string {
  const [from, to] = [clock.format(fromMs), clock.format(toMs)];
  return from === to ? from : `${from} to ${to}`;
}
