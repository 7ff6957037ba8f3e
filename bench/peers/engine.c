/* The reference: one market, as a C programmer would write it for speed alone.
 *
 * It does the same work as the exchange's core on the commands that `bench/order_flow.py` makes (limit and market orders,
 * cancels): the same checks in the same order, funds held and moved, fees, orders that must not meet their own account,
 * the same ids, and a journal of 64 bytes a row whose bytes are equal. It leaves out what the core does beyond: prices
 * outside a fixed window, markets that grow, all other types of orders, amendments, halts and bands.
 *
 * cc -O3 -march=native -shared -fPIC -o engine.so engine.c
 */
#include <stdint.h>
#include <stdlib.h>

enum { TICKS = 1 << 16, SLOT_BITS = 22, MILLION = 1000000 };
enum { NEW = 1, CANCEL = 2, DEPOSIT = 4 };
enum { ACK = 1, REJECT, FILL, CANCELLED, EXPIRE, BALANCE = 7 };
enum { OK, MALFORMED, OVERFLOW, FUNDS, QUANTITY, NOTIONAL, UNKNOWN = 8, NO_LIQUIDITY = 11, IMMEDIATE, SELF_TRADE };
enum { LIMIT, MARKET };
enum { GTC, IOC };

typedef struct {
    int64_t time;
    uint8_t kind, side, type, tif, selftrade, flags;
    uint16_t market;
    int32_t account, trail;
    int64_t order, ref, price, quantity, trigger, display, expiry;
} Command;

typedef struct {
    uint8_t kind, side, reason, flags;
    int32_t account;
    uint16_t market;
    uint8_t type, tif;
    int32_t other_account;
    int64_t order, other, price, quantity, fee, other_fee;
} Row;

typedef struct {
    int32_t before, after, owner;
    uint32_t price;
    int64_t left, id;
    uint8_t side;
} Node;

typedef struct {
    int32_t head, tail;
    int64_t size;
} Level;

typedef struct {
    int64_t free, locked;
} Balance;

typedef struct {
    int64_t lot, unit, least, most, notional;
    int64_t time, sequence, free, fresh, best[2], last;
    Level levels[2][TICKS];
    uint64_t bits[2][TICKS >> 6], words[2][TICKS >> 12];
    Balance (*balances)[2];  /* by account and asset: 0 the base, 1 the quote */
    int64_t (*fees)[2];      /* ppm by account: maker's, taker's */
    int32_t accounts;
    Node *nodes;
} Engine;

Engine *made(int32_t accounts, int32_t nodes, const int64_t *rules, int64_t maker, int64_t taker) {
    Engine *e = calloc(1, sizeof(Engine));
    e->balances = calloc(accounts, sizeof *e->balances);
    e->fees = calloc(accounts, sizeof *e->fees);
    e->nodes = calloc(nodes, sizeof(Node));
    e->accounts = accounts;
    e->lot = rules[0], e->unit = rules[1], e->least = rules[2], e->most = rules[3], e->notional = rules[4];
    e->best[0] = -1, e->best[1] = TICKS, e->fresh = 1;
    for (int32_t account = 2; account < accounts; account++) e->fees[account][0] = maker, e->fees[account][1] = taker;
    return e;
}

void ended(Engine *e) {
    free(e->balances), free(e->fees), free(e->nodes), free(e);
}

static inline void mark(Engine *e, int side, int price) {
    e->bits[side][price >> 6] |= 1ull << (price & 63);
    e->words[side][price >> 12] |= 1ull << (price >> 6 & 63);
}

static int above(Engine *e, int price) {
    int word = price >> 6;
    uint64_t found = e->bits[1][word] >> (price & 63);
    if (found) return price + __builtin_ctzll(found);
    if (++word >= TICKS >> 6) return TICKS;
    int group = word >> 6;
    found = e->words[1][group] >> (word & 63);
    if (found) {
        word += __builtin_ctzll(found);
        return (word << 6) + __builtin_ctzll(e->bits[1][word]);
    }
    while (++group < TICKS >> 12)
        if (e->words[1][group]) {
            word = (group << 6) + __builtin_ctzll(e->words[1][group]);
            return (word << 6) + __builtin_ctzll(e->bits[1][word]);
        }
    return TICKS;
}

static int below(Engine *e, int price) {
    int word = price >> 6;
    uint64_t found = e->bits[0][word] << (63 - (price & 63));
    if (found) return price - __builtin_clzll(found);
    if (--word < 0) return -1;
    int group = word >> 6;
    found = e->words[0][group] << (63 - (word & 63));
    if (found) {
        word -= __builtin_clzll(found);
        return (word << 6) + 63 - __builtin_clzll(e->bits[0][word]);
    }
    while (--group >= 0)
        if (e->words[0][group]) {
            word = (group << 6) + 63 - __builtin_clzll(e->words[0][group]);
            return (word << 6) + 63 - __builtin_clzll(e->bits[0][word]);
        }
    return -1;
}

static inline void leave(Engine *e, int32_t slot) {
    Node *node = &e->nodes[slot];
    int side = node->side, price = node->price;
    Level *level = &e->levels[side][price];
    if (node->before) e->nodes[node->before].after = node->after;
    else level->head = node->after;
    if (node->after) e->nodes[node->after].before = node->before;
    else level->tail = node->before;
    level->size -= node->left;
    if (!level->head) {
        if (!(e->bits[side][price >> 6] &= ~(1ull << (price & 63))))
            e->words[side][price >> 12] &= ~(1ull << (price >> 6 & 63));
        if (price == e->best[side]) e->best[side] = side ? above(e, price) : below(e, price);
    }
    node->id = 0;
    node->after = e->free;
    e->free = slot;
}

static inline int64_t fee(int64_t amount, int64_t ppm) {
    return amount / MILLION * ppm + amount % MILLION * ppm / MILLION;
}

static inline Row *reject(const Command *c, Row *row, int reason) {
    *row = (Row){REJECT, c->side, reason, c->flags, c->account, c->market, c->type, c->tif, 0,
                 c->order, c->ref, c->price, c->quantity, c->time, 0};
    return row + 1;
}

static inline int refusal(Engine *e, const Command *c) {
    if (c->side > 1 || c->type > MARKET || c->tif > IOC || c->flags || c->display) return MALFORMED;
    if (c->quantity <= 0 || (c->type == LIMIT && (c->price <= 0 || c->price >= TICKS))) return MALFORMED;
    if (c->account < 2 || c->account >= e->accounts) return MALFORMED;
    int64_t met = c->price;
    if (c->type == MARKET) {
        met = e->best[1 - c->side];
        if (met < 0 || met >= TICKS) met = 0;
    }
    int64_t held, size;
    if (__builtin_mul_overflow(met * e->unit, c->quantity, &held) || held >= 1ll << 62) return OVERFLOW;
    if (__builtin_mul_overflow(c->quantity, e->lot, &size) || size >= 1ll << 62) return OVERFLOW;
    const Balance *of = e->balances[c->account];
    if (c->side == 0 ? of[1].free < held : of[0].free < size) return FUNDS;
    if (c->quantity < e->least || c->quantity > e->most) return QUANTITY;
    if (c->type == LIMIT && held < e->notional) return NOTIONAL;
    return OK;
}

static inline Row *new(Engine *e, const Command *c, Row *row) {
    int refused = refusal(e, c);
    if (refused) return reject(c, row, refused);
    int side = c->side, other = 1 - side;
    int64_t slot = e->free;
    if (slot) e->free = e->nodes[slot].after;
    else slot = e->fresh++;
    int64_t id = ++e->sequence << SLOT_BITS | slot, left = c->quantity;
    *row++ = (Row){ACK, side, OK, c->flags, c->account, c->market, c->type, c->tif, 0,
                   id, c->ref, c->price, c->quantity, e->time, 0};
    Balance *taker = e->balances[c->account];
    int stopped = OK;
    while (left > 0) {
        int64_t price = e->best[other];
        if (side == 0 ? price >= TICKS || (c->type == LIMIT && price > c->price)
                      : price < 0 || (c->type == LIMIT && price < c->price))
            break;
        Level *level = &e->levels[other][price];
        int32_t at = level->head;
        Node *node = &e->nodes[at];
        if (node->owner == c->account && c->selftrade) {
            stopped = SELF_TRADE;
            break;
        }
        int64_t quantity = node->left < left ? node->left : left;
        int64_t worth = price * quantity * e->unit, size = quantity * e->lot;
        if (c->type == MARKET && (side == 0 ? taker[1].free < worth : taker[0].free < size)) {
            stopped = FUNDS;
            break;
        }
        Balance *maker = e->balances[node->owner];
        int64_t taken, made;
        if (side == 0) {
            taken = fee(size, e->fees[c->account][1]), made = fee(worth, e->fees[node->owner][0]);
            taker[1].free -= worth, taker[0].free += size - taken;
            maker[0].locked -= size, maker[1].free += worth - made;
            e->balances[0][0].free += taken, e->balances[0][1].free += made;
        } else {
            taken = fee(worth, e->fees[c->account][1]), made = fee(size, e->fees[node->owner][0]);
            taker[0].free -= size, taker[1].free += worth - taken;
            maker[1].locked -= worth, maker[0].free += size - made;
            e->balances[0][1].free += taken, e->balances[0][0].free += made;
        }
        *row++ = (Row){FILL, side, OK, 0, c->account, c->market, 0, 0, node->owner,
                       id, node->id, price, quantity, taken, made};
        left -= quantity;
        e->last = price;
        if (quantity < node->left) {
            node->left -= quantity;
            level->size -= quantity;
        } else {
            leave(e, at);
        }
    }
    if (left > 0 && c->type == LIMIT && c->tif == GTC && !stopped) {
        int64_t asset = 1 - side, amount = side == 0 ? c->price * left * e->unit : left * e->lot;
        taker[asset].free -= amount, taker[asset].locked += amount;
        Level *level = &e->levels[side][c->price];
        e->nodes[slot] = (Node){level->tail, 0, c->account, (uint32_t)c->price, left, id, side};
        if (level->tail) {
            e->nodes[level->tail].after = slot;
        } else {
            level->head = slot;
            mark(e, side, c->price);
            if (side == 0 ? c->price > e->best[0] : c->price < e->best[1]) e->best[side] = c->price;
        }
        level->tail = slot;
        level->size += left;
        return row;
    }
    if (left > 0)
        *row++ = (Row){EXPIRE, side, stopped ? stopped : c->type == MARKET ? NO_LIQUIDITY : IMMEDIATE, 0, c->account,
                       c->market, c->type, 0, 0, id, 0, c->type == LIMIT ? c->price : 0, left, e->time, 0};
    e->nodes[slot].id = 0;
    e->nodes[slot].after = e->free;
    e->free = slot;
    return row;
}

static inline Row *cancel(Engine *e, const Command *c, Row *row) {
    int64_t slot = c->order & ((1 << SLOT_BITS) - 1);
    Node *node = &e->nodes[slot];
    if (!slot || slot >= e->fresh || node->id != c->order || node->owner != c->account) return reject(c, row, UNKNOWN);
    int side = node->side;
    int64_t asset = 1 - side, amount = side == 0 ? node->price * node->left * e->unit : node->left * e->lot;
    Balance *of = e->balances[c->account];
    of[asset].free += amount, of[asset].locked -= amount;
    *row = (Row){CANCELLED, side, OK, 0, c->account, c->market, 0, 0, 0,
                 c->order, c->ref, node->price, node->left, e->time, 0};
    leave(e, slot);
    return row + 1;
}

/* Carries out `count` commands; how many rows were written. */
int64_t run(Engine *e, const Command *commands, int64_t count, Row *journal) {
    Row *row = journal;
    for (const Command *c = commands; c < commands + count; c++) {
        if (c->time > e->time) e->time = c->time;
        if (c->kind == NEW) {
            row = new(e, c, row);
        } else if (c->kind == CANCEL) {
            row = cancel(e, c, row);
        } else if (c->kind == DEPOSIT) {
            e->balances[c->account][c->order].free += c->quantity;
            e->balances[1][c->order].free -= c->quantity;
            *row++ = (Row){BALANCE, 0, OK, 0, c->account, c->market, 0, 0, 0, c->order, c->ref, 0, c->quantity, e->time, 0};
        }
    }
    return row - journal;
}
