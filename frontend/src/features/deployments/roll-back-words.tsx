/** What a rollback does, and what it leaves as it is. */
export function RollBackWords() {
  return (
    <>
      <p>
        Its release is applied as it is kept: the same images, configs, secrets and variables.
        Nothing is built. Data in volumes stays as it is now.
      </p>
      <p>The next push deploys as ever.</p>
    </>
  );
}
