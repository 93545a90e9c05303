import type { Finding } from './finding.ts';

/** As a terminal shows it. */
export function tableOf(findings: readonly Finding[]): readonly string[] {
  const width = (of: (finding: Finding) => string): number =>
    Math.max(...findings.map((finding) => of(finding).length));
  const [what, found] = [width((finding) => finding.what), width((finding) => finding.found)];
  return findings.map((finding) =>
    [
      finding.holds ? '  ' : '✗ ',
      finding.what.padEnd(what),
      finding.found.padEnd(found),
      finding.bound === 'shown' ? '' : finding.bound,
    ]
      .join('  ')
      .trimEnd(),
  );
}

/** As `docs/proof.md` shows it. */
export function markdownOf(findings: readonly Finding[]): readonly string[] {
  return [
    '| what | found | bound |',
    '|---|---|---|',
    ...findings.map(
      ({ what, found, bound, holds }) => `| ${what} | ${found}${holds ? '' : ' **broken**'} | ${bound} |`,
    ),
  ];
}
