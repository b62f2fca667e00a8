// The way as an applicant walks it, in pieces that tests put together.

import { copyFileSync, renameSync } from 'node:fs';
import assert from 'node:assert/strict';
import { axe, call, COMPUTER, cutOff, heading, PHONE, SCREENS, VAR } from './harness.mjs';
import { sample } from './media.mjs';
import { WORDS } from './words.mjs';

/** A camera file whose content can be changed while the browser runs: each opening reads it anew. */
export function camera(name) {
  const file = `${VAR}camera-${name}.mjpeg`;
  return {
    file,
    show(picture) {
      copyFileSync(picture, `${file}.new`);
      renameSync(`${file}.new`, file);
    },
  };
}

async function sentByMock(to) {
  return (await call('GET', '/__mock/outbox')).filter((m) => m.to === to).map((m) => m.code);
}

export class Applicant {
  /** `codes` gives the codes sent to an address, the newest last; `prefix` begins the names of pictures. */
  constructor(page, language, held, { codes = sentByMock, prefix = '' } = {}) {
    Object.assign(this, { page, language, held, codes, prefix, words: WORDS[language], looked: new Set() });
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }
  press(name) {
    return this.button(name).click();
  }
  at(title) {
    return heading(this.page, title);
  }
  fill(id, value) {
    return this.page.locator(`#${id}`).fill(value);
  }

  /** Looks at the screen: nothing for axe to say, nothing cut off, no fault; keeps a picture. */
  async look(name) {
    const file = `${this.prefix}${name}-${this.language}-${this.held}`;
    if (this.looked.has(file)) return;
    this.looked.add(file);
    await this.page.screenshot({ path: `${SCREENS}${file}.png`, fullPage: true });
    assert.deepEqual(await axe(this.page), [], `axe on ${file}`);
    assert.deepEqual(await cutOff(this.page), [], `cut off on ${file}`);
    assert.deepEqual(this.page.faults, [], `faults on ${file}`);
  }

  /** Looks at a screen in both languages on a phone's and a computer's window, whatever holds it. */
  async everywhere(name) {
    const { page, language, held } = this;
    const size = page.viewportSize();
    for (const window of ['phone', 'computer']) {
      await page.setViewportSize(window === 'phone' ? PHONE : COMPUTER);
      for (const words of [language, language === 'fr' ? 'en' : 'fr']) {
        if (words !== this.language) {
          await page.getByRole('button', { name: this.words.other }).click();
          await page.locator(`html[lang=${words}]`).waitFor();
        }
        Object.assign(this, { language: words, words: WORDS[words], held: window });
        await this.look(name);
      }
    }
    await page.getByRole('button', { name: this.words.other }).click();
    Object.assign(this, { language, words: WORDS[language], held });
    await page.setViewportSize(size);
  }

  /** The newest code sent to an address. */
  async code(to) {
    for (let i = 0; i < 60; i++) {
      const code = (await this.codes(to)).at(-1);
      if (code) return code;
      await this.page.waitForTimeout(500);
    }
    throw new Error('no code came');
  }

  async consent({ biometrics = true } = {}) {
    await this.at(this.words.start);
    await this.look('01-start');
    if (!biometrics) {
      await this.press(this.words.without);
      await this.at(this.words.withoutTitle);
      await this.look('02-without');
      await this.page.locator('main .button.primary').click();
    } else await this.press(this.words.agree);
  }

  async contacts({ email, phone, mistakes = false }) {
    const { words } = this;
    for (const [kind, value, title, codeTitle, n] of [
      ['email', email, words.email, words.emailCode, '03'],
      ['phone', phone, words.phone, words.phoneCode, '05'],
    ]) {
      await this.at(title);
      await this.look(`${n}-${kind}`);
      if (mistakes) {
        await this.press(words.sendCode);
        await this.page.locator('[role=alert] a').waitFor();
        await this.look(`${n}-${kind}-missing`);
      }
      await this.fill(kind, value);
      await this.press(words.sendCode);
      await this.at(codeTitle);
      const code = await this.code(kind === 'email' ? value : value.replace(/^0/, '+33').replace(/ /g, ''));
      if (mistakes) {
        await this.fill('code', code === '111111' ? '222222' : '111111');
        await this.press(words.checkCode);
        await this.page.locator('[role=alert] a').waitFor();
        await this.look(`${n}-${kind}-code-wrong`);
      } else await this.look(`${n}-${kind}-code`);
      await this.fill('code', code);
      await this.press(words.checkCode);
    }
  }

  async identity(identity, type = 'fr_card', { mistakes = false } = {}) {
    const { words, page } = this;
    await this.at(words.type);
    if (mistakes) {
      await page.locator('main .button.primary').click();
      await page.locator('[role=alert] a').first().waitFor();
      await this.look('07-type-missing');
    }
    await page.locator('summary').first().click();
    await page.locator(`#type-${type}`).check();
    await this.look('07-type');
    await this.press(words.next);
    await this.at(words.names);
    if (mistakes) {
      await this.press(words.next);
      await page.locator('[role=alert] a').first().waitFor();
      await this.look('08-names-missing');
    }
    await this.fill('birth-name', identity.birth_name);
    await this.fill('first-names', identity.first_names.join(' '));
    await page.locator(`#sex-${identity.sex}`).check();
    await this.look('08-names');
    await this.press(words.next);
    await this.at(words.birth);
    if (mistakes) {
      await this.fill('birth-day', '31');
      await this.fill('birth-month', '2');
      await this.fill('birth-year', '1980');
      await this.press(words.next);
      await page.locator('[role=alert] a').first().waitFor();
      await this.look('09-birth-wrong');
    }
    const [y, m, d] = identity.birth_date.split('-');
    await this.fill('birth-day', d);
    await this.fill('birth-month', m);
    await this.fill('birth-year', y);
    await page.locator('#birth-country').selectOption(identity.birth_country);
    await this.fill('birth-place', identity.birth_place);
    // Where the place is in the list it is chosen there; where it is not, what was typed stays.
    const listed = page.locator('[role=option]', { hasText: identity.birth_place }).first();
    if (await listed.isVisible()) {
      await this.look('09-birth-list');
      await listed.click();
      assert.equal(await page.locator('#birth-place').inputValue(), identity.birth_place);
    } else await page.locator('#nationality').focus();
    await page.locator('#nationality').selectOption(identity.nationality);
    await this.look('09-birth');
    await this.press(words.next);
    await this.at(words.number);
    if (mistakes) {
      await this.fill('number', '12-3');
      await this.press(words.next);
      await page.locator('[role=alert] a').first().waitFor();
      await this.look('10-number-wrong');
    }
    await this.fill('number', identity.document_number);
    await page.locator('summary').first().click();
    await this.look('10-number');
    await this.press(words.next);
    await this.at(words.recap);
    await this.look('11-recap');
    await this.press(words.right);
  }

  async documents(live, pictures) {
    const { words } = this;
    if (this.held === 'computer') {
      await this.at(words.device);
      await this.look('12-device');
      await this.press(words.here);
    }
    live.show(pictures.front);
    await this.at(words.photograph);
    await this.look('13-photograph');
    await this.press(words.openCamera);
    await this.at(words.front);
    await this.page.locator('.hint-line.good').waitFor({ timeout: 20_000 });
    await this.look('14-shoot');
    await this.at(words.readable);
    await this.page.locator('.photo img').waitFor();
    await this.look('15-readable');
    live.show(pictures.back);
    await this.press(words.use);
    await this.at(words.back);
    await this.at(words.readable);
    await this.press(words.use);
    await this.at(words.film);
  }

  async levels(live, picture) {
    const { words } = this;
    await this.at(words.film);
    await this.look('16-film');
    live.show(picture);
    await this.press(words.ready);
    await this.at(words.levels);
    await this.page.getByText(words.heard).waitFor({ timeout: 20_000 });
    await this.look('17-levels');
  }

  async film() {
    const { words, page } = this;
    await this.press(words.startFilm);
    await page.locator('.filming .digit').waitFor({ timeout: 20_000 });
    await this.look('18-digit');
    await page.locator('.filming .words').waitFor({ timeout: 20_000 }).catch(() => {});
    if (await page.locator('.filming .words').count()) await this.look('19-instruction');
  }

  async review() {
    await this.at(this.words.review);
    // The preview plays.
    await this.page.waitForFunction(() => document.querySelector('video')?.duration > 3 && document.querySelector('video').duration < 120);
    await this.look('20-review');
    await this.press(this.words.confirm);
    await this.at(this.words.submitted);
    await this.page.locator('.timeline li').first().waitFor();
    await this.look('21-follow');
  }
}

export function person() {
  const { identity } = sample();
  const first = identity.first_names ?? identity.given_names ?? ['Alix'];
  return {
    birth_name: identity.birth_name ?? identity.surname,
    first_names: Array.isArray(first) ? first : first.split(' '),
    sex: identity.sex ?? 'X',
    birth_date: identity.birth_date,
    birth_place: identity.birth_place ?? 'Amaurote',
    birth_country: 'FRA',
    nationality: 'FRA',
    document_number: identity.document_number,
  };
}
