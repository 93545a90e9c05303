import { PLACE, REGIONS, type RegionName } from './names.ts';
import type { Moments, Timeline } from './timeline.ts';

/** The colours, for a light and a dark page. */
const STYLE = [
  'svg{--ground:#ffffff;--ink:#1f2328;--soft:#59636e;--bad:#cf222e;--on:#ffffff;--us:#0969da;--eu:#bc4c00;--ap:#1a7f37}',
  '@media(prefers-color-scheme:dark){svg{--ground:#0d1117;--ink:#f0f6fc;--soft:#9198a1;--bad:#f85149;--on:#0d1117;--us:#4493f8;--eu:#db6d28;--ap:#3fb950}}',
  'text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}',
  '.ground{fill:var(--ground)}.soft{fill:var(--soft)}.bad{fill:var(--bad)}.on{fill:var(--on)}.middle{text-anchor:middle}.end{text-anchor:end}',
  '.us-east-1{fill:var(--us)}.eu-west-1{fill:var(--eu)}.ap-southeast-1{fill:var(--ap)}',
  '.axis{fill:none;stroke:var(--soft)}.moment{stroke:var(--soft);stroke-dasharray:3 3}.none{fill:none;stroke:var(--bad)}',
].join('');

const WIDTH = 880;
const LEFT = 70;
const RIGHT = 16;
const TOP = 124;
const PLOT = 120;
const STRIP = TOP + PLOT + 30;
const HEIGHT = STRIP + 62;
const BUCKET_MS = 250;
const BEFORE_MS = 4_000;

/** The failover of a run of the demo: acknowledged writes of the clients of each place, and what happened when. Pure. */
export function failoverFigure({ moments, writes, findings }: Timeline): string {
  const span = moments.ended + BEFORE_MS;
  const x = (atMs: number): number => round(LEFT + ((WIDTH - LEFT - RIGHT) * (atMs + BEFORE_MS)) / span);
  const buckets = bucketsOf(writes, moments.ended);
  const most = Math.max(1, ...buckets.map(({ counts }) => sum(counts)));
  const title = 'Writes acknowledged while a primary dies, a standby is promoted and the old primary returns';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">`,
    `<title id="title">${title}</title><style>${STYLE}</style><rect class="ground" width="100%" height="100%"/>`,
    legend(),
    ...buckets.map((bucket) => bar(bucket, x, most)),
    axes(moments, x, most),
    ...labels(moments).map((label, row) => mark(label, row, x)),
    strip(moments, x),
    `<text x="${LEFT}" y="${HEIGHT - 10}">${footer(findings)}</text>`,
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
  let at = LEFT;
  const entries = REGIONS.map((region) => {
    const entry = `<rect x="${at}" y="10" width="10" height="10" class="${region}"/><text x="${at + 15}" y="19">clients near ${PLACE[region]}</text>`;
    at += 160;
    return entry;
  });
  return `${entries.join('')}<text x="${at}" y="19" class="soft">writes acknowledged in each quarter second</text>`;
}

function axes({ ended }: Moments, x: Scale, most: number): string {
  const bottom = TOP + PLOT;
  const seconds = Array.from({ length: Math.floor(ended / 5_000) + 1 }, (_, at) => at * 5);
  return [
    `<path d="M${LEFT} ${TOP}V${bottom}H${WIDTH - RIGHT}" class="axis"/>`,
    `<text x="${LEFT - 8}" y="${TOP + 8}" class="end">${most}</text><text x="${LEFT - 8}" y="${bottom}" class="end">0</text>`,
    ...seconds.map((at) => `<text x="${x(at * 1_000)}" y="${bottom + 16}" class="soft middle">${at} s</text>`),
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
    { atMs: promoted, text: `Ireland is promoted; the first write ${firstWrite - promoted} ms later` },
    { atMs: returned, text: 'the old primary returns, and gets no write' },
    { atMs: switchover, text: 'planned switchover back: writes wait, none fails' },
  ];
}

function mark({ atMs, text, alarm }: Label, row: number, x: Scale): string {
  const y = 48 + row * 20;
  const isLate = x(atMs) > WIDTH * 0.55;
  return [
    `<line x1="${x(atMs)}" x2="${x(atMs)}" y1="${y - 10}" y2="${TOP + PLOT}" class="moment"/>`,
    `<text x="${x(atMs) + (isLate ? -6 : 6)}" y="${y}" class="${isLate ? 'end' : ''}${alarm === true ? ' bad' : ''}">${text}</text>`,
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
    const name = region === undefined ? 'none' : PLACE[region];
    const middle = round((x(from) + x(to)) / 2);
    return [
      `<rect x="${x(from)}" y="${STRIP}" width="${width}" height="18" class="${region ?? 'none'}"/>`,
      width > 40
        ? `<text x="${middle}" y="${STRIP + 13}" class="middle ${region === undefined ? 'bad' : 'on'}">${name}</text>`
        : '',
    ].join('');
  });
  return `<text x="${LEFT - 8}" y="${STRIP + 13}" class="end">primary</text>${parts.join('')}`;
}

function footer({ staleReads, duplicated, lost, lostUnannounced, writesAcknowledged }: Timeline['findings']): string {
  const told = lost === 0 ? '' : ` (written in the last instant before the kill; clients not told: ${lostUnannounced})`;
  return `${writesAcknowledged} writes acknowledged · ${staleReads} stale reads · ${duplicated} duplicated · ${lost} lost${told}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
