import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksLikeEmail, mobileNumber } from '../src/lib/contact.ts';
import { birthDay, documentNumber, firstNames, isDocumentNumber, isName } from '../src/lib/identity.ts';

const TODAY = new Date(2026, 10, 22);

test('a birth date: each mistake is told apart', () => {
  assert.equal(birthDay('27', '3', '1985', TODAY), '1985-03-27');
  assert.equal(birthDay('', '3', '1985', TODAY), 'missing');
  assert.equal(birthDay('31', '2', '1985', TODAY), 'wrong');
  assert.equal(birthDay('29', '2', '1999', TODAY), 'wrong');
  assert.equal(birthDay('29', '2', '2000', TODAY), '2000-02-29');
  assert.equal(birthDay('1', '13', '1985', TODAY), 'wrong');
  assert.equal(birthDay('x', '3', '1985', TODAY), 'wrong');
  assert.equal(birthDay('1', '1', '85', TODAY), 'wrong');
  assert.equal(birthDay('23', '11', '2026', TODAY), 'future');
});

test('of age on the day itself, not the day before', () => {
  assert.equal(birthDay('22', '11', '2008', TODAY), '2008-11-22');
  assert.equal(birthDay('23', '11', '2008', TODAY), 'underage');
  // Born on 29 February, one comes of age on 1 March, as the service counts.
  assert.equal(birthDay('29', '2', '2008', new Date(2026, 1, 28)), 'underage');
  assert.equal(birthDay('29', '2', '2008', new Date(2026, 2, 1)), '2008-02-29');
});

test('mobile numbers, as people write them', () => {
  for (const typed of ['06 12 34 56 78', '0612345678', '06.12.34.56.78', '+33 6 12 34 56 78', '0033612345678']) {
    assert.equal(mobileNumber(typed), '+33612345678', typed);
  }
  assert.equal(mobileNumber('+32 470 12 34 56'), '+32470123456');
  for (const typed of ['', '06 12 34 56', '01 23 45 67 89', '+33 1 23 45 67 89', 'abc', '+0612345678']) {
    assert.equal(mobileNumber(typed), undefined, typed);
  }
});

test('e-mail addresses', () => {
  assert.ok(looksLikeEmail('a.b+c@exemple.fr'));
  for (const typed of ['a', 'a@b', 'a b@c.fr', '@c.fr', 'a@.fr ']) assert.ok(!looksLikeEmail(typed), typed);
});

test('names and numbers', () => {
  for (const name of ["D'Œuvre-Weiß", 'Anne-Marie', 'Nguyễn', 'Ó Briain', 'St. John']) assert.ok(isName(name), name);
  for (const name of ['', '4lex', 'a<b', '-', 'a@b']) assert.ok(!isName(name), name);
  assert.deepEqual(firstNames(' Maëlys-Gaëlle,  Marie '), ['Maëlys-Gaëlle', 'Marie']);
  assert.equal(documentNumber(' x4rt bpf-w4 '), 'X4RTBPFW4');
  assert.ok(isDocumentNumber('X4RTBPFW4') && isDocumentNumber('12345'));
  assert.ok(!isDocumentNumber('1234') && !isDocumentNumber('É2345') && !isDocumentNumber('1'.repeat(21)));
});
