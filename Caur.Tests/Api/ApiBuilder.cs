using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Tests.Api;

/// <summary>A builder of an <see cref="ApiHub"/> that does what a test says.</summary>
internal sealed class ApiBuilder(ApiHub hub, string name, int slots = 1) : IBuilderSessionObserver
{
    private readonly Guid _session = Guid.NewGuid();

    public BuilderProfile Profile { get; set; } =
        new() { Builder = new BuilderId(name, "0"), Slots = slots, Architectures = ["x86_64"], Class = "9" };

    public IBuilderGrain Grain => hub.Grains.GetGrain<IBuilderGrain>(Profile.Builder.ToString());

    public async Task<ApiBuilder> JoinAsync()
    {
        var join = new BuilderJoin { Session = _session, BootId = Guid.NewGuid(), Profile = Profile };
        (await Grain.JoinAsync(join, hub.Grains.CreateObjectReference<IBuilderSessionObserver>(this))).Accepted.ShouldBeTrue();
        return this;
    }

    /// <summary>Takes the next build and accepts it.</summary>
    public async Task<BuildAttempt> StartAsync()
    {
        var attempt = (await Grain.TakeAsync(_session, 1)).ShouldHaveSingleItem().Attempt;
        (await Grain.AcceptAsync(_session, attempt)).ShouldBeTrue();
        return attempt;
    }

    public async Task EndAsync(BuildAttempt attempt, AttemptEnd end, string message = "")
    {
        if (end == AttemptEnd.Built)
        {
            (await Grain.UploadingAsync(_session, attempt)).ShouldBeTrue();
        }

        (await Grain.CompleteAsync(_session, new AttemptReport
        {
            Attempt = attempt,
            End = end,
            Message = message,
            Archives = end == AttemptEnd.Built ? [new LandedArchive { FileName = "a.pkg.tar.zst", Size = 1, Sha256 = new string('0', 64) }] : [],
            Finished = TimeProvider.System.GetUtcNow(),
        })).ShouldBeTrue();
    }

    /// <summary>Builds the next build; returns when it is final.</summary>
    public async Task<BuildId> BuildAsync(AttemptEnd end = AttemptEnd.Built, string message = "")
    {
        var attempt = await StartAsync();
        await EndAsync(attempt, end, message);
        await ApiHub.UntilAsync(async () => await hub.Queue(attempt.Build.Arch).FindAsync(attempt.Build) is null, $"the end of {attempt.Build}");
        return attempt.Build;
    }

    public Task LeaveAsync() => Grain.LeaveAsync(_session);

    Task IBuilderSessionObserver.WorkAvailableAsync() => Task.CompletedTask;

    Task IBuilderSessionObserver.CancelAsync(BuildAttempt attempt, string reason) => Task.CompletedTask;

    Task IBuilderSessionObserver.DrainAsync() => Task.CompletedTask;

    Task IBuilderSessionObserver.ResumeAsync() => Task.CompletedTask;
}
