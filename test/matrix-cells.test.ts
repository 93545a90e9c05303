import { expect, test } from 'vitest';
import { cellsOf } from '../tools/matrix/cells.ts';

test('without flags, every Node runs the suite and the consumers, every PostgreSQL what talks to it', () => {
  const { cells } = cellsOf([]);
  expect(cells.filter(({ part }) => part === 'suite').map(({ node }) => node)).toEqual([
    '20.19.0',
    '20',
    '22',
    '24',
    '26',
  ]);
  expect(cells.filter(({ part }) => part === 'consumers')).toHaveLength(5);
  expect(cells.filter(({ part }) => part === 'postgres').map(({ postgres }) => postgres)).toEqual(['15', '16', '17']);
});

test('the figures are measured on a Node that is asked for, and on no other', () => {
  expect(cellsOf(['--node', '24', '--part', 'speed']).cells).toEqual([
    { node: '24', postgres: undefined, part: 'speed' },
  ]);
  expect(cellsOf([]).cells.filter(({ part }) => part === 'speed')).toEqual([]);
});

test('a Node alone runs the suite, a PostgreSQL what talks to it, and both together make a grid', () => {
  expect(cellsOf(['--node', '24']).cells).toEqual([{ node: '24', postgres: undefined, part: 'suite' }]);
  expect(cellsOf(['--postgres', '15']).cells).toEqual([{ node: undefined, postgres: '15', part: 'postgres' }]);
  const grid = cellsOf([
    '--node',
    '22',
    '--node',
    '24',
    '--postgres',
    '15',
    '--postgres',
    '16',
    '--part',
    'smoke',
  ]).cells;
  expect(grid.map(({ node, postgres }) => [node, postgres])).toEqual([
    ['22', '15'],
    ['22', '16'],
    ['24', '15'],
    ['24', '16'],
  ]);
});

test('a flag that says nothing sensible is refused', () => {
  expect(() => cellsOf(['--part', 'everything'])).toThrow(
    '--part must be one of suite, postgres, unit, smoke, consumers',
  );
  expect(() => cellsOf(['--minutes', 'few'])).toThrow('--minutes must be more than 0');
  expect(() => cellsOf(['--nodes', '24'])).toThrow("Unknown option '--nodes'");
});
