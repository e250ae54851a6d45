import './fit.css';
import { connectHost } from '../host.ts';
import { useTexts } from '../text.ts';
import { registerUi } from '../ui.ts';
import { type FromFitPage, type ToFitPage, toFitPage } from './messages.ts';
import { createFitPage, type FitPage } from './page.ts';

registerUi();

let page: FitPage | undefined;
const host = connectHost<ToFitPage, FromFitPage>(toFitPage, (message) => {
  // The first message brings the texts, which the parts take when they are made.
  if (message.type === 'settings' && message.texts !== undefined) useTexts(message.texts);
  const root = document.getElementById('root');
  if (root === null) return;
  page ??= createFitPage(root, host);
  page.receive(message);
});
