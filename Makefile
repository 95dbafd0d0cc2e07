# Posta: one non-recursive Makefile.  `make help` lists the targets.
#
#   make                    all five programs, release flags, into build/bin/
#   make VARIANT=test       the same with ASan, UBSan and the test clock, into build/test/bin/
#
# A folder of sources becomes build/VARIANT/lib/libFOLDER.a; a program is its folder's objects
# linked with the libraries of the floors below it.  BUILD= moves everything elsewhere.

BUILD     ?= build
VARIANT   ?= release
PREFIX    ?= /usr/local
DESTDIR   ?=
PKG_CONFIG ?= pkg-config
SECONDS   ?= 60
ROUNDS    ?= 200
KEEP      ?=
JOBS      ?= $(shell nproc)

LIBRARIES := base netcore message auth database mailstore smtp imap service
PROGRAMS  := smtpd imapd mua mailctl nettool

OUT := $(BUILD)/$(VARIANT)
BIN := $(if $(filter release,$(VARIANT)),$(BUILD)/bin,$(OUT)/bin)

PACKAGES_base      := libconfig libutf8proc
PACKAGES_netcore   := openssl
PACKAGES_message   := openssl
PACKAGES_auth      := openssl libgsasl
PACKAGES_database  := sqlite3
PACKAGES_mailstore := sqlite3 openssl libzstd
PACKAGES_service   := libseccomp openssl
PACKAGES_mailctl   := jansson openssl
PACKAGES_mua       := jansson openssl sqlite3
PACKAGES_nettool   := jansson
PACKAGES := $(sort $(foreach f,$(LIBRARIES) $(PROGRAMS),$(PACKAGES_$(f))))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Wundef
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_test    := -O1 -g -Werror -fno-omit-frame-pointer -fsanitize=address,undefined \
                  -fno-sanitize-recover=undefined -DPOSTA_TEST
CFLAGS_tsan    := -O1 -g -Werror -fno-omit-frame-pointer -fsanitize=thread -DPOSTA_TEST
CFLAGS_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link \
                  -fno-sanitize-recover=undefined -DPOSTA_TEST
LDFLAGS_release := -Wl,-z,relro,-z,now
LDFLAGS_test    := -fsanitize=address,undefined
LDFLAGS_tsan    := -fsanitize=thread
LDFLAGS_fuzz    := -fsanitize=address,undefined,fuzzer

# The warnings are gcc's; another compiler's opinion of them fails nothing.
ifeq ($(VARIANT),fuzz)
CC := clang
WARNINGS := -Wall
endif

# pkg-config is asked once per make, not once per file; `make deps` runs before it exists.
PKG_CFLAGS  = $(eval PKG_CFLAGS := $$(pkg_cflags))$(PKG_CFLAGS)
pkg_cflags  = $(shell $(PKG_CONFIG) --print-errors --cflags $(PACKAGES))$(if $(filter-out 0,$(.SHELLSTATUS)),$(error \
              something to build with is missing; `make deps` installs it or says what to install))
ALL_CFLAGS  = -std=gnu17 -I. -pthread -fPIE $(WARNINGS) $(CFLAGS_$(VARIANT)) $(PKG_CFLAGS) $(CFLAGS)
# Libraries that pkg-config cannot tell: libunbound's file asks for the headers of libevent, which nobody here includes.
PLAIN_LIBS  := -lunbound
# Only what a program really uses: libunbound is net_dns_query's, and few programs ask it.
ALL_LDFLAGS = -pthread -pie -Wl,--as-needed $(LDFLAGS_$(VARIANT)) $(LDFLAGS)
ALL_LIBS    = $(foreach l,$(call reverse,$(LIBRARIES)),$(OUT)/lib/lib$(l).a)
pkg_libs    = $(shell $(PKG_CONFIG) --libs $(PACKAGES_$(1)) $(foreach l,$(LIBRARIES),$(PACKAGES_$(l)))) $(PLAIN_LIBS)
reverse     = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))

objects = $(patsubst %.c,$(OUT)/obj/%.o,$(wildcard $(1)/*.c))

.PHONY: all
all: $(addprefix $(BIN)/,$(PROGRAMS))

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<";)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define library
$(OUT)/lib/lib$(1).a: $(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(if $$(V),,@)$$(AR) rcs $$@ $$^
endef
$(foreach l,$(LIBRARIES),$(eval $(call library,$(l))))

define program
$(BIN)/$(1): $(call objects,$(1)) $(ALL_LIBS)
	@mkdir -p $$(@D)
	$$(if $$(V),,@echo "  LINK  $$@";)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(call pkg_libs,$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# tests/unit/FOLDER/test_FILE.c: one program a file, linked with the libraries it may know.
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(UNIT_SOURCES))
# A test of a program's folder gets that folder's objects but its main.
program_objects = $(if $(filter $(1),$(PROGRAMS)),$(filter-out %_main.o,$(call objects,$(1))))
.SECONDEXPANSION:
$(OUT)/unit/%: $(OUT)/obj/tests/unit/%.o $$(call program_objects,$$(*D)) $(call objects,tests/support) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@";)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call pkg_libs,$(filter $(*D),$(PROGRAMS)))

.PHONY: unit-programs
unit-programs: $(UNIT_TESTS)

# Programs that other tests run: linked with the libraries, judged by nobody here.
TEST_PROGRAMS := $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/bench/bench_*.c tests/store/store_*.c))
$(TEST_PROGRAMS): $(OUT)/tests/%: $(OUT)/obj/tests/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@";)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call pkg_libs)

.PHONY: test-programs
test-programs: $(TEST_PROGRAMS)

FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS      := $(patsubst tests/fuzz/%.c,$(OUT)/fuzzers/%,$(FUZZ_SOURCES))
$(OUT)/fuzzers/%: $(OUT)/obj/tests/fuzz/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@";)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call pkg_libs)

.PHONY: fuzz-programs
fuzz-programs: $(FUZZERS)

.PHONY: clean
clean:
	rm -rf $(BUILD)


# What a person types.  The recipes call make again, so that the packages are there before
# pkg-config is asked.

# Under somebody's -j this make's own -j would cut the children off from the shared jobs.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))

.PHONY: deps demo test lint fuzz bench interop crash tsan install help
deps:
	@tools/deps build

demo: deps
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@tools/demo $(BIN) $(if $(KEEP),--keep)

test:
	@tools/deps build test
	@$(MAKE) --no-print-directory $(PARALLEL) all test-programs
	@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=test all unit-programs
	@tests/all $(BUILD)

lint:
	@tools/deps build test lint
	@tools/lint $(BUILD)

fuzz:
	@tools/deps build fuzz
	@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=fuzz fuzz-programs
	@tools/fuzz $(BUILD)/fuzz/fuzzers $(SECONDS)

# Threads: unit tests of the folders that have some, and a few dialogues, under ThreadSanitizer.
TSAN_FOLDERS := base netcore mailstore service
tsan:
	@tools/deps build test
	@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=tsan all unit-programs
	@tests/tsan $(BUILD)/tsan $(TSAN_FOLDERS)

crash:
	@tools/deps build test
	@$(MAKE) --no-print-directory $(PARALLEL) all test-programs
	@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=test all unit-programs
	@tests/store/run --programs $(BUILD)/release/tests/store
	@tests/crash/run --bin $(BUILD)/bin --rounds $(ROUNDS)

bench:
	@tools/deps build test
	@$(MAKE) --no-print-directory $(PARALLEL) all test-programs
	@tests/bench/run --bin $(BUILD)/bin

interop:
	@tools/deps build test
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=test all
	@tests/interop/run --bin $(BUILD)/bin

MANUALS := smtpd/smtpd.8 imapd/imapd.8 mailctl/mailctl.8 mua/mua.1 nettool/nettool.1 etc/posta.conf.5
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	        $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/doc/posta $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(BIN)/smtpd $(BIN)/imapd $(BIN)/mailctl $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(BIN)/mua $(BIN)/nettool $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(filter %.1,$(MANUALS)) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(filter %.5,$(MANUALS)) $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 $(filter %.8,$(MANUALS)) $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 etc/posta.conf README.md ARCHITECTURE.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/posta
	for unit in etc/*.service; do sed 's|/usr/local/s*bin/|$(PREFIX)/sbin/|g' $$unit > $(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; done

help:
	@echo 'make            build all five programs into build/bin'
	@echo 'make deps       install missing Debian packages'
	@echo 'make demo       two servers, two users, a letter and its answer   (KEEP=1 leaves them running)'
	@echo 'make test       unit, end-to-end and crash tests on a sanitizer build and the release build'
	@echo 'make lint       static checks         make fuzz SECONDS=60   every fuzzer for that long'
	@echo 'make bench      figures beside the peers'
	@echo 'make interop    real clients and servers from Debian'
	@echo 'make crash ROUNDS=200   the long crash tests'
	@echo 'make tsan       unit tests and some dialogues under ThreadSanitizer'
	@echo 'make install DESTDIR= PREFIX=/usr/local'

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)
.SECONDARY:
