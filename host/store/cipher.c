// SPDX-License-Identifier: GPL-2.0-only
#include <crypto/aes.h>
#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "store/cipher.h"

/* XTS has two. */
#define KEY_SIZE	(2 * AES_KEYSIZE_256)

/**
 * struct pp_cipher - a key, and what encrypts with it
 * @tfm: the kernel's
 */
struct pp_cipher {
	struct crypto_skcipher *tfm;
};

/* What a device does, or takes memory for on the way, is not waited for here. */
#define NOT_THESE	(CRYPTO_ALG_KERN_DRIVER_ONLY | CRYPTO_ALG_ALLOCATES_MEMORY)

static int set_key(struct pp_cipher *cipher)
{
	u8 key[KEY_SIZE];
	int err;

	get_random_bytes(key, sizeof(key));
	err = crypto_skcipher_setkey(cipher->tfm, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	return err;
}

struct pp_cipher *pp_cipher_create(void)
{
	struct pp_cipher *cipher = kzalloc(sizeof(*cipher), GFP_KERNEL);
	int err;

	if (!cipher)
		return ERR_PTR(-ENOMEM);
	cipher->tfm = crypto_alloc_skcipher("xts(aes)", 0, NOT_THESE);
	if (IS_ERR(cipher->tfm)) {
		err = PTR_ERR(cipher->tfm);
		kfree(cipher);
		return ERR_PTR(err);
	}
	err = set_key(cipher);
	if (err) {
		pp_cipher_destroy(cipher);
		return ERR_PTR(err);
	}
	return cipher;
}

void pp_cipher_destroy(struct pp_cipher *cipher)
{
	if (!cipher)
		return;
	crypto_free_skcipher(cipher->tfm);
	kfree(cipher);
}

static struct skcipher_request *request_alloc(struct pp_cipher *cipher)
{
	return skcipher_request_alloc(cipher->tfm, GFP_NOIO | __GFP_NOWARN);
}

static int crypt(struct skcipher_request *req, int (*how)(struct skcipher_request *req), u64 salt,
		 u64 block, struct page *src, struct page *dst)
{
	__le64 tweak[AES_BLOCK_SIZE / sizeof(__le64)] = { cpu_to_le64(block), cpu_to_le64(salt) };
	struct scatterlist from, to;
	DECLARE_CRYPTO_WAIT(wait);

	sg_init_table(&from, 1);
	sg_set_page(&from, src, PAGE_SIZE, 0);
	sg_init_table(&to, 1);
	sg_set_page(&to, dst, PAGE_SIZE, 0);
	skcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(req, &from, &to, PAGE_SIZE, tweak);
	return crypto_wait_req(how(req), &wait);
}

int pp_cipher_encrypt(struct pp_cipher *cipher, u64 salt, u64 first, struct page **pages,
		      unsigned int nr)
{
	struct skcipher_request *req = request_alloc(cipher);
	unsigned int i;
	int err = req ? 0 : -ENOMEM;

	for (i = 0; i < nr && !err; i++)
		err = crypt(req, crypto_skcipher_encrypt, salt, first + i, pages[i], pages[i]);
	skcipher_request_free(req);
	return err;
}

int pp_cipher_decrypt(struct pp_cipher *cipher, u64 salt, u64 block, struct page *src,
		      struct page *dst)
{
	struct skcipher_request *req = request_alloc(cipher);
	int err = req ? crypt(req, crypto_skcipher_decrypt, salt, block, src, dst) : -ENOMEM;

	skcipher_request_free(req);
	return err;
}
