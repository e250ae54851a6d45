import { defineConfig } from 'vitest/config';

/** What users do, in a real workbench: one at a time, and slow. */
export default defineConfig({
  test: {
    include: ['test/vscode/journeys/*.test.ts'],
    fileParallelism: false,
    // Of a machine that is slow: what hangs, hangs in a wait of its own.
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
