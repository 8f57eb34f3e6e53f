#include "hardware/probe.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"

namespace scale::hardware {
namespace {

constexpr const char* x86_cpu =
    "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Example CPU 9000\n"
    "flags\t\t: fpu sse2 avx avx2 fma f16c avx512f avx512_vnni amx_int8\n\nprocessor\t: 1\nmodel name\t: Example CPU "
    "9000\n";
constexpr const char* arm_cpu =
    "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

// A /proc and /sys of our own.
class FakeMachine : public testing::Test {
  protected:
    void SetUp() override {
        write("proc/cpuinfo", x86_cpu);
        write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:  1024 kB\nMemAvailable:    8388608 kB\n");
        write("proc/sys/kernel/osrelease", "6.1.0-test\n");
    }
    void write(const std::string& path, const std::string& text) {
        core::write_file_atomic(folder_.path() / path, text);
    }
    Machine probe(int cores = 8) const { return probe_below(folder_.path(), cores); }

    core::TemporaryFolder folder_;
};

TEST_F(FakeMachine, WithoutGroupsEverythingCounts) {
    const Machine machine = probe();
    EXPECT_EQ(machine.cpu, "Example CPU 9000");
    EXPECT_EQ(machine.cores, 8);
    EXPECT_THAT(machine.isa, testing::ElementsAre("avx2", "avx512f", "avx512_vnni", "amx_int8", "f16c", "fma"));
    EXPECT_EQ(machine.memory_total, 16 * gib);
    EXPECT_EQ(machine.memory_available, 8 * gib);
    EXPECT_EQ(machine.kernel, "6.1.0-test");
    EXPECT_EQ(describe(machine), "Example CPU 9000, 8 cores, avx512_vnni amx_int8, 16.0 GiB");
}

TEST_F(FakeMachine, UnifiedGroupLimitsCoresAndMemory) {
    write("proc/self/cgroup", "0::/pod/app\n");
    write("sys/fs/cgroup/pod/app/cpu.max", "250000 100000\n");
    write("sys/fs/cgroup/pod/app/memory.max", "4294967296\n");
    write("sys/fs/cgroup/pod/app/memory.current", "3221225472\n");
    write("sys/fs/cgroup/pod/app/memory.stat", "anon 1073741824\nfile 2147483648\ninactive_file 1073741824\n");
    const Machine machine = probe();
    EXPECT_EQ(machine.cores, 2);
    EXPECT_EQ(machine.memory_total, 4 * gib);
    EXPECT_EQ(machine.memory_available, 2 * gib);  // 4 − (3 held − 1 of page cache)
}

TEST_F(FakeMachine, TheTightestAncestorBinds) {
    write("proc/self/cgroup", "0::/pod/app\n");
    write("sys/fs/cgroup/pod/app/cpu.max", "max 100000\n");
    write("sys/fs/cgroup/pod/app/memory.max", "max\n");
    write("sys/fs/cgroup/pod/cpu.max", "300000 100000\n");
    write("sys/fs/cgroup/pod/memory.max", "2147483648\n");
    const Machine machine = probe();
    EXPECT_EQ(machine.cores, 3);
    EXPECT_EQ(machine.memory_total, 2 * gib);
    EXPECT_EQ(machine.memory_available, 2 * gib);  // never more than the total
}

// In a container the group's path is that of the host, of which only the innermost folder is mounted.
TEST_F(FakeMachine, AGroupThatIsNotMountedFallsBackToTheMount) {
    write("proc/self/cgroup", "0::/kubepods/burstable/pod123\n");
    write("sys/fs/cgroup/cpu.max", "100000 100000\n");
    EXPECT_EQ(probe().cores, 1);
}

TEST_F(FakeMachine, OldGroupsLimitToo) {
    write("proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n1:name=systemd:/box\n");
    write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "400000\n");
    write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1073741824\n");
    write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "268435456\n");
    const Machine machine = probe();
    EXPECT_EQ(machine.cores, 4);
    EXPECT_EQ(machine.memory_total, gib);
    EXPECT_EQ(machine.memory_available, gib * 3 / 4);
}

TEST_F(FakeMachine, OldGroupsWithoutLimit) {
    write("proc/self/cgroup", "4:memory:/\n3:cpu:/\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    const Machine machine = probe();
    EXPECT_EQ(machine.cores, 8);
    EXPECT_EQ(machine.memory_total, 16 * gib);
}

TEST_F(FakeMachine, AQuotaBelowOneCoreLeavesOne) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cpu.max", "20000 100000\n");
    EXPECT_EQ(probe().cores, 1);
}

TEST_F(FakeMachine, AQuotaAboveTheAffinityChangesNothing) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cpu.max", "9900000 100000\n");
    EXPECT_EQ(probe(2).cores, 2);
}

TEST_F(FakeMachine, NonsenseSetsNoLimit) {
    write("proc/self/cgroup", "nonsense\n0::/\n:\n");
    write("sys/fs/cgroup/cpu.max", "many 0\n");
    write("sys/fs/cgroup/memory.max", "99999999999999999999999999\n");
    const Machine machine = probe();
    EXPECT_EQ(machine.cores, 8);
    EXPECT_EQ(machine.memory_total, 16 * gib);
}

TEST_F(FakeMachine, ArmNamesItsExtensionsDifferently) {
    write("proc/cpuinfo", arm_cpu);
    const Machine machine = probe();
    EXPECT_EQ(machine.cpu, "CPU implementer 0x41, part 0xd0c");
    EXPECT_THAT(machine.isa, testing::ElementsAre("neon", "dotprod", "i8mm"));
}

TEST(Probe, OfThisMachine) {
    const Machine machine = probe();
    EXPECT_FALSE(machine.cpu.empty());
    EXPECT_GE(machine.cores, 1);
    EXPECT_LE(machine.cores, allowed_cores());
    EXPECT_GT(machine.memory_total, 0u);
    EXPECT_LE(machine.memory_available, machine.memory_total);
    EXPECT_FALSE(machine.kernel.empty());
}

TEST(Fingerprint, FollowsWhatChangesSpeed) {
    const Machine machine{"CPU", 4, {"avx2"}, 8 * gib, 4 * gib, "6.1"};
    Machine other = machine;
    other.memory_available = 1;
    other.memory_total = 2;
    other.kernel = "6.2";
    EXPECT_EQ(fingerprint(machine), fingerprint(other));
    other.cores = 2;
    EXPECT_NE(fingerprint(machine), fingerprint(other));
    other = machine;
    other.isa.push_back("fma");
    EXPECT_NE(fingerprint(machine), fingerprint(other));
    other = machine;
    other.cpu = "other";
    EXPECT_NE(fingerprint(machine), fingerprint(other));
}

}  // namespace
}  // namespace scale::hardware
