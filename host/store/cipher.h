/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cipher: what makes the bytes of a domain unreadable on a device. AES-256 in XTS mode, as for
 * whole disks, a block being one unit; the tweak has the block's number and the device's salt. The
 * key is made here, is only in memory, and goes with the cipher, so that nobody can read what is
 * left on a device. That the bytes are still the ones that were written is not its business
 * (store/blocks.h).
 */
#ifndef PAGEPACT_STORE_CIPHER_H
#define PAGEPACT_STORE_CIPHER_H

#include <linux/types.h>

struct page;
struct pp_cipher;

/**
 * pp_cipher_create - makes a cipher with a new key
 * Return: it; or an ERR_PTR: -ENOENT: the kernel has no xts(aes); -ENOMEM; others of its crypto
 * code.
 */
struct pp_cipher *pp_cipher_create(void);

/**
 * pp_cipher_destroy - wipes the key
 * @cipher: the cipher, or NULL
 */
void pp_cipher_destroy(struct pp_cipher *cipher);

/**
 * pp_cipher_encrypt - encrypts blocks in their place
 * @cipher: the cipher
 * @salt: of the device
 * @first: number of the first block
 * @pages: the blocks
 * @nr: how many
 *
 * May sleep, but not for I/O. After an error the blocks are of no use.
 *
 * Return: 0, -ENOMEM, or another error of the kernel's crypto code.
 */
int pp_cipher_encrypt(struct pp_cipher *cipher, u64 salt, u64 first, struct page **pages,
		      unsigned int nr);

/**
 * pp_cipher_decrypt - decrypts a block
 * @cipher: the cipher that it was encrypted with
 * @salt: of the device
 * @block: its number
 * @src: what was read
 * @dst: overwritten
 * Return: like pp_cipher_encrypt().
 */
int pp_cipher_decrypt(struct pp_cipher *cipher, u64 salt, u64 block, struct page *src,
		      struct page *dst);

#endif /* PAGEPACT_STORE_CIPHER_H */
