import '@idproof/shared/style.css';
import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { preferred, speak } from './lib/texts.svelte.ts';

const target = document.getElementById('app');
if (target) {
  await speak(preferred());
  target.replaceChildren();
  mount(App, { target });
}
