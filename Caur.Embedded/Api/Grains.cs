using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Anything that calls can be sent to: a grain or an observer.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    /// <summary>A grain interface.</summary>
    public interface IGrain : IAddressable;

    /// <summary>A grain interface whose grains are named by strings.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>An interface whose implementations are ordinary objects that grains call through a reference.</summary>
    public interface IGrainObserver : IAddressable;

    /// <summary>What a grain class must offer; <see cref="Grain"/> does it already.</summary>
    public interface IGrainBase
    {
        /// <summary>The activation that this instance lives in.</summary>
        IGrainContext GrainContext { get; }

        /// <summary>Runs as a turn before the first call, after persistent state is read. A failure fails the waiting calls.</summary>
        Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

        /// <summary>Runs as the last turn. It need not run when the process dies: nothing may depend on it.</summary>
        Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
    }
}
