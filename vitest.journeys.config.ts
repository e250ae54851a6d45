import { defineConfig } from 'vitest/config';

/** What users do, in a real workbench: one at a time, and slow. */
export default defineConfig({
  test: {
    include: ['test/vscode/journeys/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
