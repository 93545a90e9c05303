import { PLACE, REGIONS, type RegionName } from './names.ts';
import type { Moments, Timeline } from './timeline.ts';

/** The colours, for a light and a dark page. */
const STYLE = [
  'svg{--ground:#ffffff;--ink:#1f2328;--soft:#59636e;--bad:#cf222e;--on:#ffffff;--us:#0969da;--eu:#bc4c00;--ap:#1a7f37}',
  '@media(prefers-color-scheme:dark){svg{--ground:#0d1117;--ink:#f0f6fc;--soft:#9198a1;--bad:#f85149;--on:#0d1117;--us:#4493f8;--eu:#db6d28;--ap:#3fb950}}',
  'text{font:16px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}',
  '.ground{fill:var(--ground)}.soft{fill:var(--soft)}.bad{fill:var(--bad)}.on{fill:var(--on)}.middle{text-anchor:middle}.end{text-anchor:end}.inside{font-size:15px}',
  '.label{paint-order:stroke;stroke:var(--ground);stroke-width:4px}', // readable where a line crosses it
  '.us-east-1{fill:var(--us)}.eu-west-1{fill:var(--eu)}.ap-southeast-1{fill:var(--ap)}',
  '.axis{fill:none;stroke:var(--soft)}.moment{stroke:var(--soft);stroke-dasharray:3 3}.none{fill:none;stroke:var(--bad)}',
].join('');

/** Narrow, with large letters: a phone shows it 360 px wide. */
const WIDTH = 480;
const MARGIN = 10;
const LEFT = 34;
const LETTER = 8; // the widest mean of a text of 16 px
const LABELS = 76;
const LINE = 23;
const TOP = LABELS + 4 * LINE;
const PLOT = 120;
const STRIP = TOP + PLOT + 56;
const FOOT = STRIP + 72;
const BUCKET_MS = 250;
const BEFORE_MS = 4_000;

/** The failover of a run of the demo: acknowledged writes of the clients of each place, and what happened when. Pure. */
export function failoverFigure({ moments, writes, findings }: Timeline): string {
  const span = moments.ended + BEFORE_MS;
  const x = (atMs: number): number => round(LEFT + ((WIDTH - LEFT - MARGIN) * (atMs + BEFORE_MS)) / span);
  const buckets = bucketsOf(writes, moments.ended);
  const most = Math.max(1, ...buckets.map(({ counts }) => sum(counts)));
  const foot = footer(findings);
  const height = FOOT + (foot.length - 1) * LINE + MARGIN;
  const title = 'Writes acknowledged while a primary dies, a standby is promoted and the old primary returns';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${title}</title><style>${STYLE}</style><rect class="ground" width="100%" height="100%"/>`,
    legend(),
    ...buckets.map((bucket) => bar(bucket, x, most)),
    axes(moments, x, most),
    ...labels(moments).map((label, row) => mark(label, row, x)),
    strip(moments, x),
    ...foot.map((line, row) => `<text x="${MARGIN}" y="${FOOT + row * LINE}">${line}</text>`),
    '</svg>\n',
  ].join('\n');
}

interface Bucket {
  readonly fromMs: number;
  readonly counts: Readonly<Record<RegionName, number>>;
}

function bucketsOf(writes: Timeline['writes'], endMs: number): readonly Bucket[] {
  const count = Math.floor((endMs + BEFORE_MS) / BUCKET_MS);
  return Array.from({ length: count }, (_, at) => {
    const fromMs = at * BUCKET_MS - BEFORE_MS;
    const inside = writes.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + BUCKET_MS);
    const of = (region: RegionName): number => inside.filter(({ place }) => place === region).length;
    return {
      fromMs,
      counts: {
        'us-east-1': of('us-east-1'),
        'eu-west-1': of('eu-west-1'),
        'ap-southeast-1': of('ap-southeast-1'),
      },
    };
  });
}

const sum = (counts: Bucket['counts']): number => REGIONS.reduce((total, region) => total + counts[region], 0);

type Scale = (atMs: number) => number;

function bar({ fromMs, counts }: Bucket, x: Scale, most: number): string {
  let base = TOP + PLOT;
  return REGIONS.map((region) => {
    const height = round((PLOT * counts[region]) / most);
    base -= height;
    const width = round(x(fromMs + BUCKET_MS) - x(fromMs) - 1);
    return `<rect x="${x(fromMs)}" y="${round(base)}" width="${width}" height="${height}" class="${region}"/>`;
  }).join('');
}

function legend(): string {
  let at = MARGIN + 18 * LETTER;
  const entries = REGIONS.map((region) => {
    const entry = `<rect x="${at}" y="34" width="12" height="12" class="${region}"/><text x="${at + 17}" y="46">${PLACE[region]}</text>`;
    at += 28 + PLACE[region].length * LETTER;
    return entry;
  });
  return [
    `<text x="${MARGIN}" y="22">Acknowledged writes in each quarter second,</text>`,
    `<text x="${MARGIN}" y="46">from clients near</text>${entries.join('')}`,
  ].join('');
}

function axes({ ended }: Moments, x: Scale, most: number): string {
  const bottom = TOP + PLOT;
  const seconds = Array.from({ length: Math.floor(ended / 5_000) + 1 }, (_, at) => at * 5);
  return [
    `<path d="M${LEFT} ${TOP}V${bottom}H${WIDTH - MARGIN}" class="axis"/>`,
    `<text x="${LEFT - 8}" y="${TOP + 12}" class="end">${most}</text><text x="${LEFT - 8}" y="${bottom}" class="end">0</text>`,
    ...seconds.map((at) => `<text x="${x(at * 1_000)}" y="${bottom + 20}" class="soft middle">${at} s</text>`),
  ].join('');
}

interface Label {
  readonly atMs: number;
  readonly text: string;
  readonly alarm?: boolean;
}

function labels({ killed, promoted, firstWrite, returned, switchover }: Moments): readonly Label[] {
  return [
    { atMs: killed, text: 'Virginia dies: database and app', alarm: true },
    { atMs: promoted, text: `Ireland is promoted; writes ${firstWrite - promoted} ms later` },
    { atMs: returned, text: 'the old primary returns, gets no write' },
    { atMs: switchover, text: 'switchover back: writes wait, none fails' },
  ];
}

function mark({ atMs, text, alarm }: Label, row: number, x: Scale): string {
  const y = LABELS + row * LINE;
  const half = (text.length * LETTER) / 2;
  // Above its line, but inside the picture.
  const at = round(Math.min(Math.max(x(atMs), MARGIN + half), WIDTH - MARGIN - half));
  return [
    `<line x1="${x(atMs)}" x2="${x(atMs)}" y1="${y + 5}" y2="${TOP + PLOT}" class="moment"/>`,
    `<text x="${at}" y="${y}" class="label middle${alarm === true ? ' bad' : ''}">${text}</text>`,
  ].join('');
}

/** Which region takes the writes. */
function strip({ killed, promoted, switchover, switched, ended }: Moments, x: Scale): string {
  const phases: readonly (readonly [from: number, to: number, region: RegionName | undefined])[] = [
    [-BEFORE_MS, killed, 'us-east-1'],
    [killed, promoted, undefined],
    [promoted, switchover, 'eu-west-1'],
    [switchover, switched, undefined],
    [switched, ended, 'us-east-1'],
  ];
  const parts = phases.map(([from, to, region]) => {
    const width = round(x(to) - x(from));
    const middle = round((x(from) + x(to)) / 2);
    const box = `<rect x="${x(from)}" y="${STRIP}" width="${width}" height="22" class="${region ?? 'none'}"/>`;
    if (region === undefined) return `${box}<text x="${middle}" y="${STRIP + 40}" class="middle bad">none</text>`;
    const fits = PLACE[region].length * 7 < width;
    return fits ? `${box}<text x="${middle}" y="${STRIP + 16}" class="inside middle on">${PLACE[region]}</text>` : box;
  });
  return `<text x="${LEFT}" y="${STRIP - 7}">the region of the primary</text>${parts.join('')}`;
}

function footer({ staleReads, duplicated, lost, lostUnannounced, writesAcknowledged }: Timeline['findings']): string[] {
  return [
    `${writesAcknowledged} writes acknowledged · ${staleReads} stale reads`,
    `${duplicated} duplicated · ${lost} lost`,
    ...(lost === 0 ? [] : [`(written just before the kill; clients not told: ${lostUnannounced})`]),
  ];
}

const round = (value: number): number => Math.round(value * 10) / 10;
