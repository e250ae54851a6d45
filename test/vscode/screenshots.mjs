/** Makes all pictures of docs/ and of the walkthrough: `npm run screenshots`. Each script also runs alone, `dist/` being built. */
for (const part of ['editor', 'plan', 'model', 'monitor', 'fit', 'firmware', 'timeline', 'walkthrough']) {
  console.log(part);
  await import(`./screenshots-${part}.mjs`);
}
