using System.Runtime.Versioning;
using Caur.Contracts.Repositories;
using Caur.Storage.Repositories;
using Caur.Tests.Soak;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Repositories;

/// <summary>Publications, removals, keep lists and rollbacks in any order, several of them waiting at a time, while the hub dies at any
/// step of any of them. Everything is carried out once, in the order in which it was given; a dry run tells what is then done; and in the
/// end pacman sees what the model holds.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RemovalScenario : ISoakScenario
{
    private const int Pkgbases = 8;

    public string Name => "removal";

    public async Task RunAsync(SoakRound round)
    {
        await using var gpg = new TestGpg();
        await gpg.Signer.EnsureKeyAsync("Farm <farm@example.org>", round.Cancelled);
        var run = new Run(round, gpg);
        await run.ExecuteAsync(bursts: round.IsShort ? 4 : 25);
    }

    private sealed class Run(SoakRound round, TestGpg gpg)
    {
        private readonly RepositoryModel _model = new();
        private readonly string _folder = Path.Combine(round.Folder, "data");
        private Death _death = new(int.MaxValue);
        private RepositoryHub _hub = null!;
        private readonly HashSet<int> _since = [];
        private int _version;

        public async Task ExecuteAsync(int bursts)
        {
            _hub = await RepositoryHub.StartAsync(_folder, gpg.Signer, _death);
            try
            {
                for (var burst = 0; burst < bursts; burst++)
                {
                    round.Cancelled.ThrowIfCancellationRequested();
                    await BurstAsync(orders: round.Random.Next(1, 5), dies: round.Random.Next(3) == 0);
                }

                await CheckAsync();
            }
            finally
            {
                await _hub.DisposeAsync();
            }
        }

        /// <summary>Some orders at once, then whatever becomes of them, then the same in the model.</summary>
        private async Task BurstAsync(int orders, bool dies)
        {
            if (dies)
            {
                await RestartAsync(new Death(round.Random.Next(1, 20)));
            }

            var given = new List<Func<Task>>();
            _since.Clear();
            for (var order = 0; order < orders; order++)
            {
                given.Add(round.Random.Next(5) < 2 || _model.Packages.Count == 0 ? await PublishAsync() : await ChangeAsync(alone: orders == 1 && !dies));
            }

            await SettleAsync();
            foreach (var check in given)
            {
                await check();
            }

            (await _hub.PackagesAsync()).ShouldBe(_model.Packages);
        }

        private async Task<Func<Task>> PublishAsync()
        {
            var number = round.Random.Next(Pkgbases);
            while (!_since.Add(number))
            {
                // Of one pkgbase one build waits at a time, which the queue sees to.
                number = (number + 1) % Pkgbases;
            }

            var (pkgbase, version) = ($"b{number}", $"{++_version}-1");
            string[] pkgnames = [.. Enumerable.Range(0, round.Random.Next(1, 4)).Select(part => part == 0 ? pkgbase : $"{pkgbase}-{part}")];
            var build = await _hub.OrderAsync(pkgbase, [.. pkgnames.Select(pkgname => new BuiltPackage(pkgname, version))]);
            round.Count("publications");
            return async () =>
            {
                var news = await _hub.PublishedAsync(build);
                news.State.ShouldBe(PublicationState.Published, news.Reason);
                _model.Publish(pkgbase, pkgnames, version, news.Generation.ShouldNotBeNull());
            };
        }

        private async Task<Func<Task>> ChangeAsync(bool alone)
        {
            var change = NewChange();
            _since.Clear();
            var dry = alone ? await _hub.Repository.PlanChangeAsync(change) : null;
            await _hub.Repository.ChangeAsync(change);
            if (round.Random.Next(3) == 0)
            {
                await _hub.Repository.ChangeAsync(change);
            }

            round.Count("changes");
            return async () =>
            {
                var view = await _hub.ChangedAsync(change.Operation);
                if (dry is not null)
                {
                    (dry.Refusal, dry.Removed, dry.Added, dry.Changed, dry.Bytes).ShouldBe((view.Refusal, view.Removed, view.Added, view.Changed, view.Bytes));
                    dry.Changes.ShouldBe(view.Changes);
                }

                _model.Change(change, view);
                round.Count(view.State == RepositoryChangeState.Refused ? "refusals" : $"done: {change.Kind}");
            };
        }

        private RepositoryChange NewChange()
        {
            var change = new RepositoryChange { Operation = Guid.NewGuid(), Kind = (RepositoryChangeKind)round.Random.Next(3) };
            return change.Kind switch
            {
                RepositoryChangeKind.Rollback => change with
                {
                    Generation = (int)(round.Random.Next(8) == 0 ? 100_000 : _model.Generations.Count == 0 ? 1 : _model.Generations[round.Random.Next(_model.Generations.Count)]),
                },
                RepositoryChangeKind.Keep => change with
                {
                    Names = [.. Enumerable.Range(0, Pkgbases + 2).Where(_ => round.Random.Next(6) > 0).Select(number => $"b{number}").DefaultIfEmpty("b0")],
                    Force = round.Random.Next(2) == 0,
                },
                _ => change with { Names = [.. Enumerable.Range(0, round.Random.Next(1, 3)).Select(_ => $"b{round.Random.Next(Pkgbases)}")] },
            };
        }

        /// <summary>Waits until nothing waits, and starts another hub when this one has died.</summary>
        private async Task SettleAsync()
        {
            while ((await _hub.Repository.GetAsync()).Pending > 0)
            {
                if (_death.Came)
                {
                    round.Count("deaths");
                    await RestartAsync(new Death(int.MaxValue));
                }

                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, round.Cancelled);
            }
        }

        private async Task RestartAsync(Death next)
        {
            await _hub.DisposeAsync();
            _death = next;
            _hub = await RepositoryHub.StartAsync(_folder, gpg.Signer, _death);
        }

        private async Task CheckAsync()
        {
            var found = await _hub.Repository.VerifyAsync();
            while (found.Running)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, round.Cancelled);
                found = await _hub.Repository.GetVerificationAsync();
            }

            found.Failure.ShouldBeEmpty();
            found.Problems.ShouldBeEmpty();
            await using var pacman = await PacmanClient.CreateAsync(gpg.Signer, $"{_hub.Url}/repos/{RepositoryHub.Target}");
            await pacman.MustAsync("-Sy");
            var listed = (await pacman.MustAsync("-Sl", "farm")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            listed.Select(line => string.Join(' ', line.Split(' ')[1..3])).Order(StringComparer.Ordinal).ShouldBe(_model.Packages);
        }
    }

    /// <summary>After so many steps nothing goes on: neither this publication nor any later one of the same hub.</summary>
    private sealed class Death(int steps) : IPublicationProbe
    {
        private int _left = steps;

        public bool Came => Volatile.Read(ref _left) <= 0;

        public ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken) =>
            Interlocked.Decrement(ref _left) <= 0 ? throw new InvalidOperationException($"the hub dies at {step}") : ValueTask.CompletedTask;
    }
}
